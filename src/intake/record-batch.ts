import { AppError } from '../base/errors.ts';
import type { Ms } from '../core/time.ts';
import { takeUpAgain } from '../store/inbox/news.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import type { Draft } from '../store/messages/messages.ts';
import { recordMany } from '../store/messages/record-many.ts';
import { withoutErased } from './erased.ts';
import { draftFrom, type IntakeDeps } from './record.ts';
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
  const read = tellings.map(({ told, at }) => draftOrRefusal(deps.settings, told, at));
  const left = await withoutErased(
    deps.store,
    read.filter((draft): draft is Draft => !(draft instanceof AppError)),
  );
  const drafts = [...left.values()];
  await rememberDomains(deps.store, [...new Set(drafts.map((d) => d.domain))]);
  const refused = await recordMany(deps.store, drafts, now);
  await takeUpAgain(
    deps.store,
    drafts.filter((draft) => !refused.has(draft)),
    now,
  );
  return read.map((draft) => (draft instanceof AppError ? draft : (refused.get(left.get(draft) ?? draft) ?? null)));
}

/** A telling in the form that the store takes, or what is wrong with it. */
export function draftOrRefusal(settings: BirthSettings, told: unknown, at: Ms): Draft | AppError {
  try {
    return draftFrom(settings, told, at);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
