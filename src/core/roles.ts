/** What a daemon can do; by default it does all of it. */
export const ROLES = ['web', 'digest', 'dispatch', 'reconcile', 'tell'] as const;
export type Role = (typeof ROLES)[number];

/** One of several daemons that share some work: which of them, from 0 on, and how many there are. */
export type Share = { index: number; of: number };

export const ALONE: Share = { index: 0, of: 1 };

/** Whose share something is, by its id: about as much for each. */
export const shareOf = (id: string, of: number): number => {
  let sum = 0;
  for (let n = 0; n < id.length; n++) sum = (sum * 31 + id.charCodeAt(n)) >>> 0;
  return sum % of;
};

/** The share of a daemon among those of a role that are there, in the order of their ids. One that is not among them has all. */
export function shareAmong(ids: readonly string[], mine: string): Share {
  const index = [...ids].sort().indexOf(mine);
  return index < 0 ? ALONE : { index, of: ids.length };
}
