import type { MessageClass } from '../message-class.ts';
import type { Ms } from '../time.ts';
import { type Count, type Counted, countsOf } from './counts.ts';
import { quarterOf } from './cover.ts';

/** What the deliveries of one domain and class add to one figure. */
export type Sum = Count & { domain: string; class: MessageClass };

/** The same within one bucket of time. */
export type Entry = Sum & { bucket: Ms };

export const entriesOf = (c: Counted): Entry[] =>
  countsOf(c).map((count) => ({ ...count, bucket: quarterOf(c.createdAt), domain: c.domain, class: c.class }));

/** Sums with the same name are added to one another. */
const nameOfSum = (s: Omit<Sum, 'n' | 'ms'>): string => `${s.domain}\n${s.class}\n${s.what}\n${s.value}`;

export const nameOfEntry = (e: Omit<Entry, 'n' | 'ms'>): string => `${e.bucket}\n${nameOfSum(e)}`;

/** Adds up entries with the same name; those that come to nothing are left out. `sign` -1 takes them away. */
export function sumEntries(parts: readonly { sign: 1 | -1; entries: readonly Entry[] }[]): Entry[] {
  const sums = new Map<string, Entry>();
  for (const { sign, entries } of parts) for (const one of entries) add(sums, nameOfEntry(one), one, sign);
  return something(sums);
}

/** Adds up what has the same name; sums that come to nothing are left out. */
export function added<T extends { n: number; ms: Ms }>(all: readonly T[], nameOf: (one: T) => string): T[] {
  const sums = new Map<string, T>();
  for (const one of all) add(sums, nameOf(one), one, 1);
  return something(sums);
}

function add<T extends { n: number; ms: Ms }>(sums: Map<string, T>, name: string, one: T, sign: 1 | -1): void {
  const sum = sums.get(name);
  if (!sum) sums.set(name, { ...one, n: sign * one.n, ms: sign * one.ms });
  else {
    sum.n += sign * one.n;
    sum.ms += sign * one.ms;
  }
}

const something = <T extends { n: number; ms: Ms }>(sums: ReadonlyMap<string, T>): T[] =>
  [...sums.values()].filter((sum) => sum.n !== 0 || sum.ms !== 0);
