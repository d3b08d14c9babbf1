import { HOUR, type Ms } from '../../core/time.ts';
import type { Store } from '../db/open.ts';
import { insertNew } from '../db/statements.ts';
import { transact } from '../db/transact.ts';
import { cursorsAt, setCursor } from './cursors.ts';

/** A provider that asked to be left alone: for all mail, or for that of one sending domain. */
export type Paused = { provider: string; domain: string | null };

const nameOf = ({ provider, domain }: Paused): string => `paused:${provider}${domain === null ? '' : ` ${domain}`}`;

/** Leaves it alone until then at least, in all daemons. */
export async function pause(store: Store, paused: Paused, until: Ms): Promise<void> {
  const name = nameOf(paused);
  await transact(store, async (tx) => {
    await insertNew(tx, 'cursors', { name, value: '', at: until }, 'name');
    await tx('cursors').where({ name }).where('at', '<', until).update({ at: until });
  });
}

/** However long a provider says nothing more of its maintenance, mail is not kept from it for longer. */
const LONGEST: Ms = 2 * HOUR;

/** Keeps to what a provider told of its maintenance, unless it has told something later; false when it has. */
export async function heedMaintenance(
  store: Store,
  provider: string,
  { at, isOn }: { at: Ms; isOn: boolean },
  now: Ms,
): Promise<boolean> {
  const name = `maintenance:${provider}`;
  const told = (await cursorsAt(store, [name])).get(name) ?? 0;
  if (at < told) return false;
  await setCursor(store, name, isOn ? 'begins' : 'ends', at);
  const whole = { provider, domain: null };
  if (isOn) await pause(store, whole, Math.min(at, now) + LONGEST);
  else await setCursor(store, nameOf(whole), '', now);
  return true;
}

/** Which of these are to be left alone now, and until when. */
export async function pausedAmong(
  store: Store,
  { providers, domains }: { providers: readonly string[]; domains: readonly string[] },
  now: Ms,
): Promise<(Paused & { until: Ms })[]> {
  const all = providers.flatMap((provider) =>
    [null, ...new Set(domains)].map((domain): Paused => ({ provider, domain })),
  );
  const until = await cursorsAt(store, all.map(nameOf));
  return all.map((one) => ({ ...one, until: until.get(nameOf(one)) ?? 0 })).filter((one) => one.until > now);
}
