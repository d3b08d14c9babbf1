import { AppError } from '../base/errors.ts';
import { sha256 } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { isTooDeep } from '../core/depth.ts';
import type { Settings } from '../core/settings.ts';
import type { Clock, Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { isDatabaseTrouble } from '../store/db/trouble.ts';
import { type InboxRow, keep, type Settled, settle, takePending, unfiledTold } from '../store/inbox/inbox.ts';
import { workOff } from '../store/inbox/work-off.ts';
import type { IntakeDeps } from './record.ts';
import { readOrRefuse, recordBatch, type Telling } from './record-batch.ts';
import type { BirthSettings } from './terms.ts';

/**
 * Keeps what applications tell of their messages as it came, all in one statement. Whoever is about to send waits for
 * this alone; it is checked when it is filed.
 */
export async function keepTold(store: Store, tellings: readonly unknown[], now: Ms): Promise<void> {
  const bodies = tellings.map((telling) => JSON.stringify(telling));
  const arrivals = bodies.map((body) => ({
    provider: '',
    about: null,
    source: 'told' as const,
    replayKey: sha256(body),
    eventKey: null,
    receivedAt: now,
    contentType: null,
    body,
  }));
  await keep(store, arrivals);
}

/**
 * The same for tellings from outside. The answer for each is null, or what is wrong with it; a wrong one does not keep
 * out the others.
 */
export async function keepChecked(deps: IntakeDeps, inputs: readonly unknown[], now: Ms): Promise<(AppError | null)[]> {
  const answers = inputs.map((input) => {
    // It is kept as it came, in fields that nobody reads as well.
    if (isTooDeep(input)) return new AppError('invalid', 'the record is nested too deep');
    const read = isTooLarge(input) ? TOO_LARGE : readOrRefuse(deps.settings, input, now);
    return read instanceof AppError ? read : null;
  });
  const good = inputs.filter((_, i) => answers[i] === null);
  if (good.length > 0) await keepTold(deps.store, good, now);
  return answers;
}

/** Far above what a thousand recipients take, and below what the smallest packet limit in use (1 MB) takes in escapes. */
const LARGEST = 400_000;
const TOO_LARGE = new AppError('too_large', `what is told of a message may take ${LARGEST} characters`);

const isTooLarge = (input: unknown): boolean => (JSON.stringify(input)?.length ?? 0) > LARGEST;

export type FileToldDeps = {
  store: Store;
  settings: BirthSettings & Pick<Settings, 'pause'>;
  now: Clock;
  log: Log;
};

/**
 * Makes messages of what applications told, `limit` rows at most; says how many. A row may be filed twice with the same
 * result.
 */
export async function fileTold(deps: FileToldDeps, limit = 200): Promise<number> {
  const { store, settings, now, log } = deps;
  const rows = await takePending(store, 'told', { now: now(), limit, lease: settings.lease });
  const [first] = rows;
  if (!first) return 0;
  const items = rows.map((row) => ({ row }));
  const results = await workOff(items, (some) => file(deps, some.map(rowOf), now()), {
    now: now(),
    pause: settings.pause,
    onFailure: ({ row, tries, isLast, error }) =>
      log.warn({ inbox: row.id, tries, error }, isLast ? 'a record was set aside' : 'a record could not be filed'),
  });
  await settle(store, first.lease, results);
  return results.length;
}

const rowOf = ({ row }: { row: InboxRow }): InboxRow => row;

async function file(deps: IntakeDeps, rows: readonly InboxRow[], now: Ms): Promise<Settled[]> {
  if (rows.length === 0) return [];
  const tellings = rows.map((row): Telling => ({ told: JSON.parse(row.body), at: row.received_at }));
  const answers = await recordBatch(deps, tellings, now);
  return rows.map(({ id, tries }, i) => {
    const wrong = answers[i];
    if (!wrong) return { id, outcome: 'filed' };
    const error = [wrong.message, ...wrong.problems].join('; ').slice(0, 500);
    return { id, outcome: 'set_aside', tries: tries + 1, dueAt: now, error };
  });
}

const PAGE = 200;

/**
 * Files all that was told so far, before a question is answered that it may be about. What can't be filed is left to the
 * job.
 */
export async function catchUp(deps: IntakeDeps, now: Ms): Promise<void> {
  for (;;) {
    const rows = await unfiledTold(deps.store, PAGE);
    const filed = (await fileOrLeave(deps, rows, now)).filter((r) => r.outcome === 'filed');
    await settle(deps.store, null, filed);
    if (filed.length === 0 || rows.length < PAGE) return;
  }
}

/** A row that fails by itself does not keep out the others. */
async function fileOrLeave(deps: IntakeDeps, rows: readonly InboxRow[], now: Ms): Promise<Settled[]> {
  try {
    return await file(deps, rows, now);
  } catch (error) {
    if (isDatabaseTrouble(error)) throw error;
    if (rows.length <= 1) return [];
    const results: Settled[] = [];
    for (const row of rows) results.push(...(await fileOrLeave(deps, [row], now)));
    return results;
  }
}
