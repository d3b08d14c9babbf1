import type { Command } from 'commander';
import type { Outage, Toll } from '../core/outages.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { EXIT, Failed, paint, say, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
An outage begins when a provider is taken to be down, and ends when all mail
goes to it again. Without an id all outages of the last days are listed, newest
first.

Examples:
  homing outages
  homing outages --days 90 --json | jq '.outages[].seconds'
  homing outages 01KB2X7Q9T4M3N5P6R8S0V1W2Y --markdown > review.md`;

type Options = { days: string; markdown?: boolean; json?: boolean };

export function addOutagesCommand(program: Command, terminal: Terminal): void {
  program
    .command('outages')
    .description('tell when providers were down, and what it did to the mail')
    .argument('[id]', 'the id of one outage')
    .option('--days <number>', 'how far back', '30')
    .option('--markdown', 'print one outage as Markdown, for a review of it')
    .option('--json', 'print the same as the API answers')
    .addHelpText('after', EXAMPLES)
    .action((id: string | undefined, options: Options, command: Command) => {
      if (options.markdown && id === undefined)
        command.error('error: --markdown needs the id of an outage', { exitCode: EXIT.usage });
      return id === undefined ? list(terminal, options) : one(terminal, id, options);
    });
}

async function list(terminal: Terminal, { days, json }: Options): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { outagesSince } = await import('../store/outages.ts');
  const { DAY } = await import('../core/time.ts');
  if (!/^[1-9]\d{0,2}$/.test(days)) throw new Failed('error: --days must be a whole number from 1 to 999', EXIT.usage);
  const { putOffsNow } = await import('../store/notes/receivers.ts');
  const { putOffWords } = await import('../core/words/receivers.ts');
  const { shownPutOff } = await import('../contract/outage.ts');
  await withStore(terminal, async (store, { OUTAGE_WINDOW: window }) => {
    const now = terminal.now();
    const outages = await withTolls(store, await outagesSince(store, now - Number(days) * DAY), now);
    const putOffs = await putOffsNow(store, { now, window });
    if (json) {
      const shownOutages = await Promise.all(outages.map((one) => shown(one, now)));
      return sayJson(terminal, { outages: shownOutages, putOff: putOffs.map(shownPutOff) });
    }
    for (const one of putOffs) say(terminal, `${one.provider}: ${putOffWords(one, window)}.`);
    if (outages.length === 0) say(terminal, `No provider was down in the last ${days} days.`);
    for (const one of outages) say(terminal, ...(await linesOf(terminal, one, now)));
  });
}

async function one(terminal: Terminal, id: string, { markdown, json }: Options): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { outageNamed } = await import('../store/outages.ts');
  const { changeWords, outageMarkdown } = await import('../core/words/outages.ts');
  await withStore(terminal, async (store) => {
    const now = terminal.now();
    const outage = await outageNamed(store, id);
    if (!outage) throw new Failed('There is no such outage.');
    const [told] = await withTolls(store, [outage], now);
    if (!told) return;
    if (json) return sayJson(terminal, await shown(told, now));
    if (markdown) return say(terminal, outageMarkdown(...told, now).trimEnd());
    say(
      terminal,
      ...(await linesOf(terminal, told, now)),
      ...outage.changes.map((change) => `  ${changeWords(change)}`),
    );
  });
}

type Told = [Outage, Toll];

/** One after the other: each reads much. */
async function withTolls(store: Store, outages: readonly Outage[], now: Ms): Promise<Told[]> {
  const { tollOf } = await import('../store/outages.ts');
  const told: Told[] = [];
  for (const outage of outages) told.push([outage, await tollOf(store, outage, now)]);
  return told;
}

async function shown([outage, toll]: Told, now: Ms): Promise<object> {
  const { shownOutage } = await import('../contract/outage.ts');
  return shownOutage(outage, toll, now);
}

async function linesOf(terminal: Terminal, [outage, toll]: Told, now: Ms): Promise<string[]> {
  const { outageLine, tollWords } = await import('../core/words/outages.ts');
  const head = `${paint(terminal, 'bold', outage.id)}  ${outageLine(outage, now)}`;
  return [head, ...tollWords(outage, toll).map((sentence) => `  ${sentence}`)];
}
