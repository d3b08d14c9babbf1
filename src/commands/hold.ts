import type { Command } from 'commander';
import type { MessageClass } from '../core/message-class.ts';
import type { Hold } from '../store/notes/holds.ts';
import { EXIT, Failed, printable, say, sayJson, type Terminal } from './common/terminal.ts';

const HOLD = `
Mail that is held waits. Its useful life goes on meanwhile, and what the policy
of its class sends through another provider after a while leaves by that one,
if it is not held as well. What a provider has already can't be held. Without
--provider and --class everything is held.

Examples:
  homing hold --provider mailgun --for 2h --reason "their incident 17"
  homing hold --class bulk
  homing hold --list`;

const RELEASE = `
What nothing else keeps back begins to leave.

Examples:
  homing release 01KB2X7Q9T4M3N5P6R8S0V1W2Y
  homing release --all`;

type HoldOptions = {
  provider?: string;
  class?: string;
  for?: string;
  reason?: string;
  list?: boolean;
  json?: boolean;
};

export function addHoldCommand(program: Command, terminal: Terminal): void {
  program
    .command('hold')
    .description('keep mail from leaving, or list what is kept')
    .option('--provider <name>', 'only what would leave through it, such as mailgun')
    .option('--class <class>', 'only this class: access, notice or bulk')
    .option('--for <length>', 'for so long, such as 2h; without it until it is released')
    .option('--reason <text>', 'why, for whoever finds it')
    .option('--list', 'list what is held now')
    .option('--json', 'print the same as the API answers')
    .addHelpText('after', HOLD)
    .action((options: HoldOptions) => (options.list ? list(terminal, options) : hold(terminal, options)));
}

export function addReleaseCommand(program: Command, terminal: Terminal): void {
  program
    .command('release')
    .description('let mail leave again that was held')
    .argument('[id]', 'the id of the hold')
    .option('--all', 'all that is held')
    .option('--json', 'print what was released as JSON')
    .addHelpText('after', RELEASE)
    .action((id: string | undefined, options: { all?: boolean; json?: boolean }, command: Command) => {
      if ((id === undefined) === !options.all)
        command.error('error: give either the id of a hold or --all', { exitCode: 2 });
      return release(terminal, id ?? null, options.json ?? false);
    });
}

async function hold(terminal: Terminal, { provider = '', class: kind, for: length, reason, json }: HoldOptions) {
  const { CLASSES } = await import('../core/message-class.ts');
  const { parseDuration } = await import('../base/duration.ts');
  const usage = (says: string) => new Failed(`error: ${says}`, EXIT.usage);
  if (kind !== undefined && !CLASSES.some((one) => one === kind))
    throw usage(`--class must be one of ${CLASSES.join(', ')}`);
  const ms = length === undefined ? null : parseDuration(length);
  if (length !== undefined && !ms) throw usage('--for must be a length such as 2h');
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { addHold } = await import('../store/notes/holds.ts');
  const { shownHold } = await import('../contract/hold.ts');
  const { termsIn } = await import('../intake/terms.ts');
  await withStore(terminal, async (store) => {
    const now = terminal.now();
    // Under another name nothing would be held, and nobody would know.
    const { providers } = await termsIn(store);
    if (provider.trim() !== '' && providers?.includes(provider.trim()) === false)
      throw usage(`--provider must be one of ${providers.join(', ')}`);
    const wish = {
      provider: provider.trim() || null,
      class: (kind as MessageClass | undefined) ?? null,
      until: ms === null ? null : now + ms,
      reason: reason?.trim() || null,
      who: operator(),
    };
    const made = await addHold(store, wish, now);
    if (json) return sayJson(terminal, shownHold(made));
    say(terminal, await lineOf(made), `Let it go again with: homing release ${made.id}`);
  });
}

async function list(terminal: Terminal, { json }: HoldOptions): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { activeHolds } = await import('../store/notes/holds.ts');
  const { shownHold } = await import('../contract/hold.ts');
  await withStore(terminal, async (store) => {
    const holds = await activeHolds(store, terminal.now());
    if (json) return sayJson(terminal, { holds: holds.map(shownHold) });
    if (holds.length === 0) return say(terminal, 'Nothing is held.');
    for (const one of holds) say(terminal, `${one.id}  ${await lineOf(one)}`);
  });
}

async function release(terminal: Terminal, id: string | null, json: boolean): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { activeHolds } = await import('../store/notes/holds.ts');
  const { release: releaseHold } = await import('../operate/release.ts');
  const { shownHold } = await import('../contract/hold.ts');
  await withStore(terminal, async (store) => {
    const now = terminal.now();
    const ids = id === null ? (await activeHolds(store, now)).map((one) => one.id) : [id];
    const released: Hold[] = [];
    for (const one of ids) {
      const done = await releaseHold(store, one, operator(), now);
      if (done) released.push(done);
    }
    if (id !== null && released.length === 0) throw new Failed('There is no such hold, or it was released before.');
    if (json) return sayJson(terminal, { released: released.map(shownHold) });
    if (released.length === 0) return say(terminal, 'Nothing is held.');
    for (const one of released) say(terminal, `Released: ${await lineOf(one)}`);
  });
}

/** What is held, since when, by whom and why. */
async function lineOf({ provider, class: kind, until, reason, who, at }: Hold): Promise<string> {
  const { timeWords } = await import('../core/words/numbers.ts');
  const what = kind === null ? 'All mail' : `Mail of the class ${kind}`;
  const where = provider === null ? '' : ` through ${printable(provider)}`;
  const end = until === null ? 'until it is released' : `until ${timeWords(until)}`;
  const why = reason === null ? '' : `: ${printable(reason)}`;
  return `${what}${where} is held ${end}, since ${timeWords(at)} by ${printable(who)}${why}`;
}
