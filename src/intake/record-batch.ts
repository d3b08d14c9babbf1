import { AppError } from '../base/errors.ts';
import type { Ms } from '../core/time.ts';
import { takeUpAgain } from '../store/inbox/news.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import { recordMany } from '../store/messages/record-many.ts';
import { withoutErased } from './erased.ts';
import { type IntakeDeps, type ReadTelling, readTelling } from './record.ts';
import { noteSigns } from './signs.ts';
import type { BirthSettings } from './terms.ts';

/** What an application told, and when. */
export type Telling = { told: unknown; at: Ms };

/**
 * Records what applications tell of many messages, in as few commits as possible. The answer for each is null, or what
 * is wrong with it; a wrong one does not keep out the others. Rejects when the database has trouble.
 */
export async function recordBatch(
  deps: IntakeDeps,
  tellings: readonly Telling[],
  now: Ms,
): Promise<(AppError | null)[]> {
  const read = tellings.map(({ told, at }) => readOrRefuse(deps.settings, told, at));
  const good = read.filter((one): one is ReadTelling => !(one instanceof AppError));
  const left = await withoutErased(
    deps.store,
    good.map(({ draft }) => draft),
  );
  const drafts = [...left.values()];
  await rememberDomains(deps.store, [...new Set(drafts.map((d) => d.domain))]);
  const refused = await recordMany(deps.store, drafts, now);
  await takeUpAgain(
    deps.store,
    drafts.filter((draft) => !refused.has(draft)),
    now,
  );
  const signs = good.flatMap(({ sign }) => sign ?? []);
  await noteSigns(deps.store, signs, { now, window: deps.settings.outageWindow });
  return read.map((one) => (one instanceof AppError ? one : (refused.get(left.get(one.draft) ?? one.draft) ?? null)));
}

/** A telling in the form that the store takes, or what is wrong with it. */
export function readOrRefuse(settings: BirthSettings, told: unknown, at: Ms): ReadTelling | AppError {
  try {
    return readTelling(settings, told, at);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
