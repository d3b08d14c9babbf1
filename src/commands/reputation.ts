import type { Command } from 'commander';
import type { Fared, Faring } from '../contract/reputation.ts';
import type { Account, Read } from '../core/care/account.ts';
import { EXIT, Failed, paint, printable, say, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
Tells how mail fares from each IP address that it leaves from, by what servers
said in our own events: tries, the share delivered of what ended, and the share
refused for the address. Beside it stands what Mailgun says of the account,
where the key can read that: pools, warm-ups, its own alerts, and how it
classifies bounces.

Examples:
  homing reputation
  homing reputation --received newsletter.eml
  homing reputation --days 28 --json | jq '.addresses[] | {ip, blockRate}'`;

type Options = { days: string; patience: string; received?: string; json?: boolean };

export function addReputationCommand(program: Command, terminal: Terminal): void {
  program
    .command('reputation')
    .description('tell how mail fares from each IP address, and what Mailgun says of the account')
    .option('--days <number>', 'how far back', '7')
    .option('--patience <duration>', 'how long to wait for each answer', '6s')
    .option('--received <file>', 'check how a mail that arrived lets one unsubscribe: its source, as received')
    .option('--json', 'print the same as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) =>
      options.received === undefined ? reputation(terminal, options) : received(terminal, options.received, options),
    );
}

async function reputation(terminal: Terminal, options: Options): Promise<void> {
  if (!/^[1-9]\d?$/.test(options.days))
    throw new Failed('error: --days must be a whole number from 1 to 99', EXIT.usage);
  const { withCare } = await import('./common/care.ts');
  const { lookAtAccount } = await import('../care/look-at-account.ts');
  const { faringOf } = await import('../contract/reputation.ts');
  await withCare(terminal, options, async (deps) => {
    const now = terminal.now();
    const account = await lookAtAccount(deps);
    const faring = await faringOf(deps.store, account, { days: Number(options.days), now });
    if (options.json) return sayJson(terminal, { ...faring, account: account && shownAccount(account) });
    say(terminal, ...(await addressLines(terminal, faring)));
    if (account) say(terminal, ...(await accountLines(terminal, account, faring)));
  });
}

async function received(terminal: Terminal, file: string, { json }: Options): Promise<void> {
  const { readFile } = await import('node:fs/promises');
  const { checkReceived } = await import('../mail/list-unsubscribe.ts');
  const { receivedWords } = await import('../core/words/reputation.ts');
  const mime = await readFile(file).catch((error: Error) => {
    throw new Failed(`The mail can't be read: ${error.message}`);
  });
  const check = checkReceived(mime);
  const isRight = check.by === 'one-click' && check.signed === true;
  if (json) sayJson(terminal, { ...check, right: isRight });
  else say(terminal, ...receivedWords(check));
  if (!isRight) terminal.exitCode = EXIT.failed;
}

async function addressLines(terminal: Terminal, { days, addresses, pools, ownAddress }: Faring): Promise<string[]> {
  const { ownAddressWords, triesWords } = await import('../core/words/reputation.ts');
  const kind = (dedicated: boolean | null) => (dedicated === null ? '' : dedicated ? ', dedicated' : ', shared');
  const line = (name: string, one: Fared) => `  ${printable(name)}: ${triesWords(one)}`;
  return [
    paint(terminal, 'bold', `IP addresses of the last ${days} days`),
    ...(addresses.length === 0 ? ['  no event named one'] : []),
    ...addresses.flatMap((one) => [
      line(`${one.ip || 'others'} (${one.provider}${kind(one.dedicated)})`, one),
      ...one.mailboxes.filter(({ blocked }) => blocked > 0).map((box) => `  ${line(box.mailbox, box)}`),
    ]),
    ...(pools.length === 0 ? [] : [paint(terminal, 'bold', 'Pools')]),
    ...pools.map((one) => line(`${one.name} (${one.ips.length} addresses)`, one)),
    `A dedicated IP address: ${ownAddressWords(ownAddress)}.`,
  ];
}

async function accountLines(terminal: Terminal, account: Account, faring: Faring): Promise<string[]> {
  const { classifiedWords, thresholdWords, triesWords, warmupWords } = await import('../core/words/reputation.ts');
  const { oursFor, oursOf } = await import('../contract/reputation.ts');
  const { percent } = await import('../core/words/numbers.ts');
  const part = <T>(title: string, read: Read<readonly T[]>, lineOf: (one: T) => string) => [
    paint(terminal, 'bold', title),
    ...(read.ok
      ? read.value.length === 0
        ? ['  none']
        : read.value.map((one) => `  ${printable(lineOf(one))}`)
      : [`  could not be read: ${printable(read.why)}`]),
  ];
  return [
    ...(account.addresses.ok ? [] : [`The account's addresses could not be read: ${printable(account.addresses.why)}`]),
    ...(account.pools.ok ? [] : [`Its pools could not be read: ${printable(account.pools.why)}`]),
    ...part('Warm-ups at Mailgun', account.warmups, warmupWords),
    ...part('Alerts set at Mailgun', account.thresholds, (one) => {
      const ours = oursOf(one, faring);
      return `${thresholdWords(one)}; ours of ${faring.days} days: ${ours === null ? '–' : percent(ours)}`;
    }),
    ...part("Mailgun's classification of 7 days", account.classified, (one) => {
      const ours = oursFor(one.entity, faring);
      return `${classifiedWords(one)}; ours: ${ours === null ? '–' : triesWords(ours)}`;
    }),
  ];
}

/** What could not be read is null, with the reason beside it. */
const shownAccount = (account: Account) => ({
  ...Object.fromEntries(Object.entries(account).map(([name, read]) => [name, read.ok ? read.value : null])),
  unread: Object.fromEntries(Object.entries(account).flatMap(([name, read]) => (read.ok ? [] : [[name, read.why]]))),
});
