import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { Config } from '../config/config.ts';
import { EXIT, Failed, paint, say, sayError, sayJson, type Terminal, wrapped } from './common/terminal.ts';
import type { Seen } from './probe/findings.ts';

const EXAMPLES = `
Finds out what Mailgun does not document, with your account: whether a stored
message that is posted again keeps to a delivery time, keeps its id and our
variable, and gets a storage key of its own. It sends two or three real mails,
which count like any other, so it asks for --yes. When the delivery time proves
to be ignored, the database notes that the waits of this domain are kept here.

Examples:
  homing probe --to me@example.com --yes
  homing probe --to me@example.com --domain mg.example.com --yes --json`;

type Options = {
  to: string;
  domain?: string;
  from?: string;
  delay: string;
  patience: string;
  poll: string;
  yes?: boolean;
  json?: boolean;
};

export function addProbeCommand(program: Command, terminal: Terminal): void {
  program
    .command('probe')
    .description('find out once, with real mails, how your Mailgun account sends stored messages again')
    .requiredOption('--to <address>', 'a mailbox of your own that gets the mails')
    .option('--domain <domain>', 'the domain to send from (default: the first of MAILGUN_DOMAIN)')
    .option('--from <address>', 'the sender (default: homing-probe@ that domain)')
    .option('--delay <duration>', 'how far ahead the second mail is to go out', '2m')
    .option('--patience <duration>', "how long to wait for each of Mailgun's events", '15m')
    .option('--poll <duration>', 'how often to look for them', '5s')
    .option('--yes', 'yes, send the mails')
    .option('--json', 'print what was found as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options, command: Command) => {
      const { isAddress } = await import('../core/address.ts');
      if (!isAddress(options.to)) command.error('error: --to must be a plain address', { exitCode: EXIT.usage });
      if (!options.yes)
        command.error(`error: this sends two or three real mails to ${options.to}; add --yes if you want that`);
      await probe(terminal, options);
    });
}

async function probe(terminal: Terminal, options: Options): Promise<void> {
  const { readConfig } = await import('../config/config.ts');
  const config = readConfig(terminal.env, 'daemon');
  const seen = await look(terminal, config, options);
  const { ADVICE, conclude, tableOf, whyLocal } = await import('./probe/findings.ts');
  const found = conclude(seen);
  const why = whyLocal(seen, found);
  const noted = why === null ? null : await note(config, seen.domain, why, terminal.now());
  if (options.json) sayJson(terminal, { ...found, ...plainOf(seen), noted: noted?.done ?? false });
  else {
    const rows = tableOf(seen, found).map(([what, came]) => wrapped(`  ${what.padEnd(30)}`, came));
    say(
      terminal,
      paint(terminal, 'bold', `Mailgun, with ${seen.domain}:`),
      ...rows,
      '',
      wrapped('', ADVICE[found.deliveryTime]),
    );
    say(terminal, `Recommended: ${paint(terminal, 'bold', found.recommendation)}`);
    if (noted) say(terminal, wrapped('', noted.says));
  }
  if (found.deliveryTime === 'unclear') terminal.exitCode = EXIT.failed;
}

async function look(terminal: Terminal, config: Config, options: Options): Promise<Seen> {
  const { durationIn } = await import('./common/duration.ts');
  const [delay, patience, poll] = (['delay', 'patience', 'poll'] as const).map((name) =>
    durationIn(`--${name}`, options[name]),
  );
  const domain = (options.domain ?? config.MAILGUN_DOMAIN[0]?.domain ?? '').toLowerCase();
  const { createPort } = await import('../providers/mailgun/port.ts');
  const { createHistory } = await import('../providers/mailgun/history.ts');
  const { runProbe } = await import('./probe/run.ts');
  const { allowedHosts: hostsIn, apiOf } = await import('../providers/mailgun/settings.ts');
  const allowedHosts = hostsIn(config);
  const apiUrl = apiOf(config, domain);
  const port = createPort({ apiUrl, apiKey: config.MAILGUN_API_KEY, timeout: 30_000, allowedHosts });
  try {
    return await runProbe({
      port,
      history: createHistory({ asking: port, reading: port }, { api: config.MAILGUN_EVENTS_API, now: terminal.now }),
      apiUrl,
      allowedHosts,
      domain,
      from: options.from ?? `homing-probe@${domain}`,
      to: options.to,
      id: `probe-${randomUUID()}`,
      delay: delay ?? 0,
      patience: patience ?? 0,
      poll: poll ?? 0,
      now: terminal.now,
      progress: (line) => sayError(terminal, line),
    });
  } finally {
    await port.close();
  }
}

/** Stores what was found for the daemon. If that fails the finding is shown all the same. */
async function note(
  config: Config,
  domain: string,
  why: string,
  now: number,
): Promise<{ done: boolean; says: string }> {
  const { reach, sqliteFile } = await import('./common/database.ts');
  const file = sqliteFile(config.DATABASE_URL);
  if (file !== null && !existsSync(file))
    return { done: false, says: 'There is no database yet to note that in: set it in the environment.' };
  try {
    const store = await reach(config.DATABASE_URL);
    try {
      const { rememberDomains, switchToLocal } = await import('../store/messages/domains.ts');
      await rememberDomains(store, [domain]);
      await switchToLocal(store, domain, why, now);
      return { done: true, says: `Noted for ${domain}: with RETRY_SCHEDULE=auto its waits are kept here from now on.` };
    } finally {
      await store.close();
    }
  } catch (error) {
    const { databaseTrouble } = await import('./common/database.ts');
    const says = error instanceof Failed ? error.message : databaseTrouble(error);
    return { done: false, says: `It could not be noted in the database, so set it in the environment: ${says}` };
  }
}

const plainOf = ({ domain, storageHost, repost, second }: Seen) => ({
  domain,
  storageHost,
  repost: repost.withTime,
  repostWithoutTime: repost.withoutTime,
  detail: repost.detail,
  askedFor: new Date(repost.deliverAt).toISOString(),
  wentOut: second?.outAt == null ? null : new Date(second.outAt).toISOString(),
});
