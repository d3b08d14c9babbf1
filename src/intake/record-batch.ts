import { AppError } from '../base/errors.ts';
import type { Ms } from '../core/time.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import type { Draft } from '../store/messages/messages.ts';
import { recordMany } from '../store/messages/record-many.ts';
import { draftFrom, type IntakeDeps } from './record.ts';
import type { BirthSettings } from './terms.ts';

/** What an application told, and when. */
export type Telling = { told: unknown; at: Ms };

/**
 * Records what applications tell of many messages, in as few commits as may be. What is wrong with one of them is its
 * answer, null when nothing is, and keeps none of the others; trouble with the database rejects.
 */
export async function recordBatch(
  deps: IntakeDeps,
  tellings: readonly Telling[],
  now: Ms,
): Promise<(AppError | null)[]> {
  const read = tellings.map(({ told, at }) => draftOrRefusal(deps.settings, told, at));
  const drafts = read.filter((draft): draft is Draft => !(draft instanceof AppError));
  await rememberDomains(deps.store, [...new Set(drafts.map((d) => d.domain))]);
  const refused = await recordMany(deps.store, drafts, now);
  return read.map((draft) => (draft instanceof AppError ? draft : (refused.get(draft) ?? null)));
}

/** What an application tells as the store takes it, or what is wrong with it. */
export function draftOrRefusal(settings: BirthSettings, told: unknown, at: Ms): Draft | AppError {
  try {
    return draftFrom(settings, told, at);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
