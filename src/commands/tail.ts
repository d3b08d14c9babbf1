import type { Command } from 'commander';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import type { Followed, Happened, Place } from '../store/messages/follow.ts';
import { EXIT, Failed, say, sayError, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
One line for each thing that happens to mail, as it is written into the
database by whichever daemon. Ends on Ctrl-C.

Examples:
  homing tail
  homing tail --to ann@example.net --since 1h
  homing tail --domain mg.example.com --json | jq -c 'select(.kind == "ended")'`;

type Options = { to?: string; domain?: string; since?: string; json?: boolean };

export function addTailCommand(program: Command, terminal: Terminal): void {
  program
    .command('tail')
    .description('follow what happens to mail')
    .option('--to <address>', 'only mail to this recipient')
    .option('--domain <domain>', 'only mail of this sending domain')
    .option('--since <duration>', 'begin with what has happened since then, such as 10m')
    .option('--json', 'print one line of JSON for each')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => tail(terminal, options));
}

async function tail(terminal: Terminal, options: Options): Promise<void> {
  const which = await followedIn(options);
  const { durationIn } = await import('./common/duration.ts');
  const back = options.since === undefined ? 0 : durationIn('--since', options.since);
  const { withStore } = await import('./common/database.ts');
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop);
  try {
    await withStore(terminal, async (store) => {
      const show = options.json ? await jsonOf(terminal) : await lineOf(terminal);
      await follow(terminal, { store, which, since: terminal.now() - back, show, signal: stopping.signal });
    });
  } finally {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop);
  }
}

async function followedIn({ to, domain }: Options): Promise<Followed> {
  const { canonicalAddress, canonicalDomain } = await import('../core/address.ts');
  const followed = {
    to: to === undefined ? undefined : canonicalAddress(to.trim()),
    domain: domain === undefined ? undefined : canonicalDomain(domain.trim()),
  };
  if (followed.to === null) throw new Failed('error: --to must be an e-mail address', EXIT.usage);
  if (followed.domain === null) throw new Failed('error: --domain must be a domain', EXIT.usage);
  return { to: followed.to, domain: followed.domain };
}

type Show = (happened: Happened) => void;
type Following = { store: Store; which: Followed; since: Ms; show: Show; signal: AbortSignal };

const PAUSE: Ms = 500;
const PAGE = 500;
/**
 * A fact gets its time before it is committed, and another daemon's clock may be behind. So the last seconds are read
 * again at each look, and what was shown is not shown twice.
 */
const LATE: Ms = 10_000;

async function follow(terminal: Terminal, { since, signal, ...following }: Following): Promise<void> {
  const { sleep } = await import('../base/wait.ts');
  const { isDatabaseTrouble } = await import('../store/db/trouble.ts');
  const shown = new Map<string, Ms>();
  for (let from = since; !signal.aborted; ) {
    try {
      await showFrom(from, { ...following, signal, shown });
      from = Math.max(since, terminal.now() - LATE);
      for (const [key, at] of shown) if (at < from) shown.delete(key);
    } catch (error) {
      if (!isDatabaseTrouble(error)) throw error;
      sayError(terminal, 'The database does not answer: it is asked again.');
    }
    await sleep(PAUSE, signal);
  }
}

type Look = Omit<Following, 'since'> & { shown: Map<string, Ms> };

/** Shows what was written since that time and was not shown yet, page by page. */
async function showFrom(from: Ms, { store, which, show, signal, shown }: Look): Promise<void> {
  const { factsAfter } = await import('../store/messages/follow.ts');
  let place: Place = { at: from, key: null };
  for (let isFull = true; isFull && !signal.aborted; ) {
    const facts = await factsAfter(store, place, which, PAGE);
    for (const one of facts) {
      if (!shown.has(one.key)) show(one);
      shown.set(one.key, one.recordedAt);
      place = { at: one.recordedAt, key: one.key };
    }
    isFull = facts.length === PAGE;
  }
}

async function lineOf(terminal: Terminal): Promise<Show> {
  const { factWords } = await import('../core/words/facts.ts');
  const { timeWords } = await import('../core/words/numbers.ts');
  return ({ fact, messageId, recipient }) =>
    say(terminal, wrapped(`${timeWords(fact.at)}  `, `${messageId}  ${recipient}  ${factWords(fact)}`));
}

async function jsonOf(terminal: Terminal): Promise<Show> {
  const { factOf } = await import('../contract/present.ts');
  return ({ fact, messageId, deliveryId, recipient, domain }) =>
    sayJson(terminal, { message: messageId, delivery: deliveryId, recipient, domain, ...factOf(fact) }, 'line');
}
