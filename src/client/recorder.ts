import { gather } from '../base/gather.ts';
import type { Spool } from '../base/spool.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../core/time.ts';
import type { Told, Verdict } from './record.ts';
import type { Counts, Problem } from './types.ts';

/** Takes records, a few at a time. Rejects when the store can't be used; what it will never take is a verdict. */
export type Take = (records: readonly Told[]) => Promise<readonly Verdict[]>;

export type RecorderDeps = {
  /** Loads what `take` needs, once. Most of that time the process stands still, which no patience can help. */
  ready(): Promise<unknown>;
  take: Take;
  spool: Spool;
  /** How long `before` keeps its caller waiting at most, once everything is loaded. */
  patience: Ms;
  /** Between two looks at a store that could not be used. */
  pause: Ms;
  onProblem(problem: Problem): void;
  monotonic: Clock;
};

/** Tells the store what is sent. Nothing in here ever rejects or waits without end: the mail is more important. */
export type Recorder = {
  /** Resolves when the record is durable, in the store or in the spool, or when patience is over. */
  before(record: Told): Promise<void>;
  /** Returns at once. */
  after(record: Told): void;
  counts(): Counts;
  /** What went to the spool is filed when the store can be used again; what is asked next may depend on it. */
  catchUp(): Promise<void>;
  flush(): Promise<void>;
  close(): Promise<void>;
};

const BATCH = 100;
/** The part of the patience that the store gets; the rest is for the spool. */
const STORE_SHARE = 0.8;
/** Nobody waits for what is told afterwards; but a process may end, and then it had better be on disk. */
const LATER: Ms = 5 * SECOND;
/** And so long it waits for a statement to share. */
const COLLECT: Ms = 100;
type Item = { record: Told /** It went to the spool meanwhile. */; gone: boolean };

export function createRecorder(deps: RecorderDeps): Recorder {
  const counts = { recorded: 0, spooled: 0, filed: 0, lost: 0 };
  const pending = new Set<Promise<void>>();
  /** The store could not be used lately: records go straight to the spool until it takes one from there. */
  let down = false;
  let looked = false;
  /** Something went to the spool since the last look at it began. */
  let unfiled = false;
  let closed = false;
  let timer: NodeJS.Timeout | null = null;
  let filing: Promise<void> | null = null;

  const file = async (items: readonly Item[]): Promise<void> => {
    const open = items.filter((item) => !item.gone);
    const verdicts = open.length > 0 ? await deps.take(open.map((item) => item.record)) : [];
    counts.recorded += verdicts.filter((v) => v.ok).length;
    tellRefused(verdicts);
  };
  const toStore = gather<Item>(file, BATCH, COLLECT);

  const toSpool = gather<Told>(async (records) => {
    const kept = await deps.spool.append(records.map((r) => JSON.stringify(r))).catch((error: unknown) => {
      const detail = `the spool can not be written: ${codeOf(error)}`;
      deps.onProblem({ kind: 'lost', count: records.length, detail });
      counts.lost += records.length;
      return null;
    });
    if (kept === null) return;
    counts.spooled += kept;
    const over = records.length - kept;
    counts.lost += over;
    if (over > 0) deps.onProblem({ kind: 'lost', count: over, detail: 'the spool is full' });
  }, BATCH);

  function tellRefused(verdicts: readonly Verdict[]): void {
    const refused = verdicts.flatMap((v) => (v.ok ? [] : [v.why]));
    if (refused.length > 0)
      deps.onProblem({ kind: 'refused', count: refused.length, detail: `the store will not take it: ${refused[0]}` });
  }

  /** Into the store within `patience`, else into the spool. */
  async function keep(record: Told, patience: Ms, add: (item: Item) => Promise<void> = toStore): Promise<void> {
    if (!down && !closed) {
      const item: Item = { record, gone: false };
      const problem = await within(
        add(item).then(
          () => null,
          (error: unknown) => codeOf(error),
        ),
        patience,
        'it did not answer in time',
      );
      if (problem === null) return;
      item.gone = true;
      if (!down) deps.onProblem({ kind: 'spooled', count: 1, detail: `the store can not be used: ${problem}` });
      down = true;
    }
    await toSpool(record);
    unfiled = true;
    schedule();
  }

  function track(work: Promise<void>): Promise<void> {
    const safe = work
      .catch((error: unknown) => {
        counts.lost++;
        deps.onProblem({ kind: 'lost', count: 1, detail: `it can be kept nowhere: ${codeOf(error)}` });
      })
      .finally(() => pending.delete(safe));
    pending.add(safe);
    return safe;
  }

  /** Looks after what waits in the spool; also once at the beginning, for what a process before us left there. */
  function schedule(wait: Ms = deps.pause): void {
    if (timer || closed) return;
    timer = setTimeout(() => {
      timer = null;
      void fileSpool();
    }, wait);
    timer.unref();
  }

  async function fileSpool(): Promise<void> {
    filing ??= (async () => {
      unfiled = false;
      try {
        await deps.spool.file(takeLines);
        down = false;
      } catch {
        // The store is still away, or the folder can't be read; the records are where they were.
        unfiled = true;
      }
      filing = null;
      if (unfiled) schedule();
    })();
    await filing;
  }

  /** Files what is in the spool by now: a filing under way may have begun before. */
  async function fileRest(patience: Ms): Promise<void> {
    await within(filing ?? Promise.resolve(), patience, undefined);
    await within(fileSpool(), patience, undefined);
  }

  async function takeLines(lines: readonly string[]): Promise<string[]> {
    const read = lines.map((line) => ({ line, record: toldIn(line) }));
    const whole = read.flatMap(({ line, record }) => (record ? [{ line, record }] : []));
    const verdicts = whole.length > 0 ? await deps.take(whole.map((w) => w.record)) : [];
    tellRefused(verdicts);
    counts.filed += whole.length;
    const refused = whole.flatMap(({ line }, i) => (verdicts[i]?.ok ? [] : [line]));
    return [...read.flatMap(({ line, record }) => (record ? [] : [line])), ...refused];
  }

  return {
    async before(record) {
      if (!looked) schedule(Math.min(SECOND, deps.pause));
      looked = true;
      await within(
        deps.ready().catch(() => null),
        SECOND,
        null,
      );
      const started = deps.monotonic();
      const kept = track(keep(record, deps.patience * STORE_SHARE));
      await within(kept, deps.patience - (deps.monotonic() - started), undefined);
    },
    after: (record) => void track(keep(record, LATER, toStore.later)),
    counts: () => ({ ...counts }),
    async catchUp() {
      await Promise.all([...pending]);
      await fileRest(LATER);
    },
    async flush() {
      await Promise.all([...pending]);
    },
    async close() {
      // Each of them goes to the spool at the end of its own patience, and a little later it is there.
      await within(Promise.all([...pending]), LATER + SECOND, undefined);
      // A process that lives for less than a second has not looked yet.
      if (looked) await fileRest(SECOND);
      closed = true;
      if (timer) clearTimeout(timer);
    },
  };
}

/** What a line of the spool tells; null for one that a full disk has torn. */
export function toldIn(line: string): Told | null {
  try {
    return JSON.parse(line) as Told;
  } catch {
    return null;
  }
}

/** The result, or `otherwise` when it takes longer than `ms`. */
function within<T, E>(work: Promise<T>, ms: Ms, otherwise: E): Promise<T | E> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(otherwise), Math.max(0, ms));
    void work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** A word for the trouble: the messages of a database repeat statements with their values. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown trouble';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** Tells of problems as warnings of the process, once a minute at most for each kind. */
export function warner(now: Clock): (problem: Problem) => void {
  const told = new Map<string, Ms>();
  return ({ kind, detail }) => {
    if (now() - (told.get(kind) ?? Number.NEGATIVE_INFINITY) < MINUTE) return;
    told.set(kind, now());
    process.emitWarning(`${kind}: ${detail}`, 'HomingWarning');
  };
}
