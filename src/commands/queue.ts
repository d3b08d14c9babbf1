import type { Command } from 'commander';
import type { MessageClass } from '../core/message-class.ts';
import type { QueueOfClass, Waiting } from '../core/queue.ts';
import { say, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
Counts deliveries. "Due" are those that could leave now; the others wait for
their time: a retry, or a delivery time that the application gave. The time to
clear is what is due at the pace of the last five minutes. A provider that is
not healthy is named first.

Examples:
  homing queue
  homing queue --json | jq .classes.access.waiting`;

export function addQueueCommand(program: Command, terminal: Terminal): void {
  program
    .command('queue')
    .description('show what waits to be sent, by class')
    .option('--json', 'print the same as the API answers')
    .addHelpText('after', EXAMPLES)
    .action(({ json }: { json?: boolean }) => queue(terminal, json ?? false));
}

async function queue(terminal: Terminal, asJson: boolean): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { waitingByClass } = await import('../store/queue.ts');
  const { queueOf } = await import('../core/queue.ts');
  const { lengthWords, many } = await import('../core/words/numbers.ts');
  const { SECOND } = await import('../core/time.ts');
  const { termsIn } = await import('../intake/terms.ts');
  const { unwell } = await import('../store/notes/health.ts');
  const { shownUnwell, shownWarmup } = await import('../contract/provider.ts');
  const { warmupRateNow } = await import('../store/notes/warmup.ts');
  const { paceWords } = await import('../core/words/reputation.ts');
  const { unwellWords } = await import('../core/words/outages.ts');
  const inWords = (seconds: number) => lengthWords(seconds * SECOND);
  await withStore(terminal, async (store) => {
    const now = terminal.now();
    const waiting = Object.entries(await waitingByClass(store, now)) as [MessageClass, Waiting][];
    const classes = waiting.map(([name, one]) => [name, queueOf(one, now)] as const);
    const sick = await unwell(store, (await termsIn(store)).providers);
    const warmup = await warmupRateNow(store, now);
    if (asJson) {
      const shown = {
        classes: Object.fromEntries(classes),
        providers: sick.map(shownUnwell),
        ...shownWarmup(warmup),
      };
      return sayJson(terminal, shown);
    }
    for (const one of sick) say(terminal, `${unwellWords(one)}.`);
    if (warmup) say(terminal, `${paceWords(warmup)}.`);
    for (const [name, one] of classes) say(terminal, `${name.padEnd(8)}${sentence(one, { inWords, many })}`);
  });
}

type Words = { inWords(seconds: number): string; many(n: number): string };

function sentence({ waiting, due, oldestSeconds, clearSeconds }: QueueOfClass, { inWords, many }: Words): string {
  if (waiting === 0) return 'nothing waits';
  const oldest = oldestSeconds === null ? '' : `, the oldest for ${inWords(oldestSeconds)}`;
  const head = `${many(waiting)} wait${waiting === 1 ? 's' : ''}${oldest}; ${due === 0 ? 'none' : many(due)} due`;
  if (due === 0) return head;
  return clearSeconds === null
    ? `${head}, and nothing has left in the last 5 min`
    : `${head}, gone in about ${inWords(clearSeconds)}`;
}
