import { type Ms, SECOND } from '../core/time.ts';
import { type History, isTooLarge, isTooMuch, type Page, type RawItem } from '../providers/provider.ts';

/** What is still to be read of a range: its bounds, and the page that is next. */
export type Rest = { begin: Ms; end: Ms; next: string | null };

export type Reading = {
  history: History;
  domain: string;
  /** Makes the items durable; says how many were new. */
  keepItems(items: readonly RawItem[]): Promise<number>;
  /** Remembers where to go on; null when all is read. */
  keepRest(rest: Rest | null): Promise<void>;
  /** Called for an event that can't be read, with the second in which it is. */
  skipped(at: Ms): void;
};

const PAGE = 300;
/**
 * Events that one pass reads of a range, and calls that it makes. The rest is read by the next pass, so that one busy domain
 * does not hold up the others.
 */
const MOST = 12_000;
const MOST_CALLS = 400;

/** `from`: the time of the last event that was read. `to`: how far is read now, `end` in the end. */
type Place = Rest & { from: Ms; to: Ms; limit: number };

/**
 * When one pass is not enough, the next goes on at the page where this one stopped. If it started by time alone, and
 * one minute held more events than a pass can read, it would read the same events for ever. What was read when a page can't
 * be had is not read again either.
 */
export async function readPages(reading: Reading, rest: Rest): Promise<number> {
  let place: Place = { ...rest, from: rest.begin, to: rest.end, limit: PAGE };
  let found = 0;
  let read = 0;
  try {
    for (let calls = 0; calls < MOST_CALLS && read < MOST; calls++) {
      const page = await pageAt(reading, place);
      if (!(page instanceof Error)) {
        found += await reading.keepItems(page.items);
        read += page.items.length;
      }
      const after = page instanceof Error ? closer(reading, place, page) : following(place, page);
      if (after === null) {
        await reading.keepRest(null);
        return found;
      }
      place = after;
    }
  } catch (error) {
    if (place.from > rest.begin) await reading.keepRest(restOf(place));
    throw error;
  }
  await reading.keepRest(restOf(place));
  return found;
}

/** Null when all is read. */
function following(place: Place, { items, next }: Page): Place | null {
  const { to, end } = place;
  const from = Math.max(place.from, ...items.map(({ sighting: { at } }) => Math.min(at, to)));
  if (next !== null && items.length > 0) return { ...place, from, next };
  return to >= end ? null : { ...place, begin: to, from: to, to: end, next: null };
}

/** A page of another size does not follow: with smaller ones, or a part of the range, it begins at the last event. */
const restOf = ({ begin, end, next, from, to, limit }: Place): Rest =>
  limit === PAGE && to === end ? { begin, end, next } : { begin: from, end, next: null };

/** The error, when the answer was too much. */
async function pageAt(reading: Reading, place: Place): Promise<Page | Error> {
  const { begin, to, next, limit } = place;
  const range = { begin, end: to, limit };
  try {
    return await reading.history.between(reading.domain, range, next);
  } catch (error) {
    if (error instanceof Error && isTooMuch(error)) return error;
    // The provider may not know the page any more: then the range is read again from its beginning.
    if (next === null) throw error;
    return pageAt(reading, { ...place, next: null });
  }
}

/** Smaller pages from the last event on; of single events a shorter time, until one second is left, which is skipped. */
function closer({ skipped }: Reading, place: Place, error: Error): Place | null {
  const begin = place.from;
  if (place.limit > 1) return { ...place, begin, next: null, limit: Math.floor(place.limit / 4) || 1 };
  // It broke off, and may come whole another time.
  if (!isTooLarge(error)) throw error;
  // Ranges are asked for in whole seconds.
  const second = Math.floor(begin / SECOND) * SECOND;
  const half = second + Math.ceil((place.to - second) / 2 / SECOND) * SECOND;
  if (half < place.to) return { ...place, begin, next: null, to: half };
  skipped(second);
  return half >= place.end ? null : { ...place, begin: half, from: half, to: place.end, next: null };
}
