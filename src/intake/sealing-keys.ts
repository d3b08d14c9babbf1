import { keyName, unseal } from '../base/seal.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { insertNew } from '../store/db/statements.ts';
import { transact } from '../store/db/transact.ts';
import { namelessBody, sealedBody, sealers } from '../store/messages/bodies.ts';
import { cursor } from '../store/notes/cursors.ts';

/** The name of the key that the daemon which started last seals with. */
const NAME = 'sealing key';

/**
 * Says which mail would be lost with these keys (newest first), or null: mail that is kept sealed here opens with the key
 * that it was sealed with, and with no other.
 */
export async function keyTrouble(store: Store, keys: readonly string[]): Promise<string | null> {
  const closed = await closedBodies(store, keys);
  if (closed > 0) return `${mails(closed)} kept here ${keys.length === 0 ? UNSET : 'sealed with another key'}`;
  const published = await cursor(store, NAME);
  // Who has no key seals nothing, and nothing is kept.
  if (keys.length === 0 || published === null || keys.map(keyName).includes(published.value)) return null;
  return 'the daemons of this database have sealed mail with another key so far, and may still do so';
}

const UNSET = 'sealed with a key, and none is set';
const mails = (count: number): string => (count === 1 ? '1 mail is' : `${count} mails are`);

/** Of how many messages none of the keys opens the body. */
async function closedBodies(store: Store, keys: readonly string[]): Promise<number> {
  const names = keys.map(keyName);
  const foreign = (await sealers(store)).filter(({ key }) => key === null || !names.includes(key));
  const isOurs = foreign.some(({ key }) => key === null) && (await opensNameless(store, keys));
  return foreign.filter(({ key }) => key !== null || !isOurs).reduce((sum, { messages }) => sum + messages, 0);
}

/** Bodies from before keys had names: one tells of all, as they were sealed by one setting. */
async function opensNameless(store: Store, keys: readonly string[]): Promise<boolean> {
  const id = await namelessBody(store);
  const body = id && (await sealedBody(store, id));
  if (!id || !body) return true;
  try {
    await unseal(body, keys, id);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes the first of the keys the one that this database's mail is sealed with. Gives false, and changes nothing, when
 * another daemon seals with a key that is not among them. `force`: it no longer does.
 */
export async function publishKeys(store: Store, keys: readonly string[], now: Ms, force = false): Promise<boolean> {
  const names = keys.map(keyName);
  const [newest] = names;
  if (newest === undefined) return true;
  return transact(store, async (tx) => {
    await insertNew(tx, 'cursors', { name: NAME, value: newest, at: now }, 'name');
    // Daemons that start at once do this in turn.
    const row: { value: string } | undefined = await tx('cursors').where({ name: NAME }).forUpdate().first('value');
    if (!force && !names.includes(row?.value ?? '')) return false;
    await tx('cursors').where({ name: NAME }).update({ value: newest, at: now });
    return true;
  });
}

/** Of an application's keys the one that the daemons open; null when they open none of them. */
export async function keyForDaemons(store: Store, keys: readonly string[]): Promise<string | null> {
  const published = await cursor(store, NAME);
  if (published === null) return keys[0] ?? null;
  return keys.find((key) => keyName(key) === published.value) ?? null;
}
