import type { Settings } from '../core/settings.ts';
import type { Ms } from '../core/time.ts';
import { AppError } from '../errors.ts';
import { rememberDomains } from '../store/domains.ts';
import { namesOf } from '../store/find.ts';
import { recordKey } from '../store/ids.ts';
import type { Draft } from '../store/messages.ts';
import { recordMany } from '../store/record-many.ts';
import { draftFrom, type IntakeDeps } from './intake.ts';

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
  const strangers = await usedIds(
    deps,
    read.filter((d): d is Draft => !(d instanceof AppError)),
  );
  const answers = read.map((draft) => {
    if (draft instanceof AppError) return draft;
    return strangers.has(draft) ? new AppError('conflict', 'the id belongs to another message') : null;
  });
  const drafts = read.filter((draft, i): draft is Draft => answers[i] === null && !(draft instanceof AppError));
  if (drafts.length === 0) return answers;
  await rememberDomains(deps.store, [...new Set(drafts.map((d) => d.domain))]);
  await recordMany(deps.store, drafts, now);
  return answers;
}

/** What an application tells as the store takes it, or what is wrong with it. */
export function draftOrRefusal(settings: Settings, told: unknown, at: Ms): Draft | AppError {
  try {
    return draftFrom(settings, told, at);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

/** The drafts whose id is the one of another message. */
async function usedIds({ store }: IntakeDeps, drafts: readonly Draft[]): Promise<Set<Draft>> {
  const ids = drafts.flatMap((d) => d.id ?? []);
  if (ids.length === 0) return new Set();
  const nameOf = await namesOf(store, ids);
  return new Set(
    drafts.filter((d) => {
      const name = d.id === undefined ? undefined : nameOf.get(d.id);
      return name !== undefined && name !== recordKey(d.domain, d.messageId);
    }),
  );
}
