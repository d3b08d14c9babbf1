import type { Deadline } from '../base/deadline.ts';
import { giveBack } from '../base/give-back.ts';
import { letGo } from '../base/let-go.ts';
import type { RightOfWay } from '../base/right-of-way.ts';
import { keyName, sealedBy, unseal } from '../base/seal.ts';
import type { Turns } from '../base/turns.ts';
import type { Answer } from '../core/answer.ts';
import { HOUR, MINUTE } from '../core/time.ts';
import { composeMime } from '../mail/compose.ts';
import { unpackForm } from '../mail/form.ts';
import type { Copy, Provider, StoredAt } from '../providers/provider.ts';
import type { Providers } from '../providers/registry/registry.ts';
import type { Store } from '../store/db/open.ts';
import { sealedBody } from '../store/messages/bodies.ts';
import type { View } from '../store/rows/rows.ts';

export type CopyDeps = {
  store: Store;
  providers: Providers;
  /** What our copies may be sealed with, newest first. */
  encryptionKeys: readonly string[];
  rightOfWay: Pick<RightOfWay, 'first'>;
  /** Copies that are not small are in memory a few at a time. */
  turnsFor(provider: string): CopyTurns;
};

/** Of the copies for one provider: one that may be large is in memory at a time, and a few of middle size. */
export type CopyTurns = { large: Turns; middle: Turns };

/** A copy to hand over, or why there is none. `done` is called when it was handed over. */
export type Had = ({ copy: Copy } | { answer: Answer }) & { done?(): void };

/** Our copy of a message: a small one was read already. Null when there is none. */
export type Sealed = Buffer | 'unread' | null;

/** A hand-over takes several times the size of a large copy in memory. */
const LARGE = 1024 * 1024;
const MIDDLE = 128 * 1024;
/** Bytes of a sealed body above which it may be a large one: it is not read before its turn. */
export const PERHAPS_LARGE = 4 * 1024;

/**
 * The message in a form that this provider takes: our sealed copy when there is one, else what a provider keeps. A template
 * is rendered by Mailgun alone, so for others it takes what Mailgun has stored.
 */
export async function copyFor(
  provider: Provider,
  deps: CopyDeps,
  { view, sealed: known }: { view: View; sealed: Sealed },
  until: Deadline,
): Promise<Had> {
  const turns = deps.turnsFor(provider.name);
  let done = known === 'unread' ? await turns.large.next() : () => {};
  try {
    const sealed =
      known === 'unread' ? await deps.rightOfWay.first(() => sealedBody(deps.store, view.messageId)) : known;
    const copy = sealed && (await open(sealed, deps.encryptionKeys, view.messageId));
    if (sealed && known === 'unread') letGo(sealed);
    const size = copy === null || typeof copy === 'string' ? 0 : sizeOf(copy);
    if (size <= LARGE) done = await inPlaceOf(done, size > MIDDLE ? turns.middle : null);
    if (copy === 'locked') return locked(view);
    const had = copy === null || copy === 'damaged' ? null : await takenBy(provider, copy, view);
    if (had) return { copy: had, done: size > MIDDLE ? andGiveBack(done) : done };
    done();
    if (copy === 'damaged' && view.delivery.storages.length === 0) return DAMAGED;
    return storedCopy(deps.providers, view, until);
  } catch (error) {
    done();
    throw error;
  }
}

/** Ends a turn when it is the next one. */
async function inPlaceOf(done: () => void, next: Turns | null): Promise<() => void> {
  const own = next ? await next.next() : () => {};
  done();
  return own;
}

const andGiveBack = (done: () => void) => () => {
  done();
  giveBack('all');
};

function sizeOf(copy: Copy): number {
  if ('mime' in copy) return copy.mime.length;
  return copy.form.reduce((sum, [, value]) => sum + (typeof value === 'string' ? value : value.content).length, 0);
}

/** Whether handing it over takes as long as the provider is slow, and not as our line is. */
export const isSmall = (copy: Copy): boolean => sizeOf(copy) <= MIDDLE;

/** The copy as this provider takes it; null when only Mailgun can render it. */
async function takenBy(provider: Provider, copy: Copy, view: View): Promise<Copy | null> {
  if ('mime' in copy || provider.can.forms) return copy;
  const mime = await composeMime(copy.form, view.recipient, view.rfcMessageId);
  return mime && { mime };
}

/** It waits, longer each time: another daemon may have the key, or this one after its next start. */
const locked = ({ delivery }: View): Had => ({
  answer: {
    kind: 'refused',
    why: 'withdrawn',
    detail: 'the copy kept here does not open with ENCRYPTION_KEY',
    retryAfter: Math.min(MINUTE * 2 ** delivery.attempts.length, HOUR / 2),
  },
});

const DAMAGED: Had = {
  answer: { kind: 'refused', why: 'unreadable', detail: 'the copy kept here is damaged, and no provider has one' },
};

/** `locked` when we have not got the key; `damaged` when it opens with no key any more. */
async function open(sealed: Buffer, keys: readonly string[], messageId: string): Promise<Copy | 'locked' | 'damaged'> {
  try {
    const bytes = await unseal(sealed, keys, messageId);
    const form = unpackForm(bytes);
    return form ? { form } : { mime: bytes };
  } catch (error) {
    return isOurs(sealed, keys) || !isOfKey(error) ? 'damaged' : 'locked';
  }
}

const isOurs = (sealed: Buffer, keys: readonly string[]): boolean =>
  keys.some((key) => keyName(key) === sealedBy(sealed));

/** A body that unpacks to too much, or to no form, was opened. */
function isOfKey(error: unknown): boolean {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return !(error instanceof SyntaxError) && code !== 'ERR_BUFFER_TOO_LARGE' && !String(code).startsWith('Z_');
}

/** Where a provider keeps its copies of a message, and how often that was tried in vain. */
export function storedAt({ name }: Provider, { delivery: { storages, attempts } }: View): StoredAt {
  const failures = attempts.filter(
    ({ claim, outcome }) => claim.way !== 'application' && (outcome === 'refused' || outcome === 'unconfirmed'),
  ).length;
  return { storages: storages.filter((s) => s.provider === name), failures };
}

/** What the first provider that keeps a copy of it gives us. */
async function storedCopy(providers: Providers, view: View, until: Deadline): Promise<Had> {
  const { storages } = view.delivery;
  const keeper = providers.all.find(({ name }) => storages.some((s) => s.provider === name)) ?? providers.all[0];
  const fetched = await keeper?.storedCopies?.fetch(view, storedAt(keeper, view), until);
  if (!fetched) return { answer: { kind: 'refused', why: 'gone', detail: 'no stored copy is known' } };
  if (fetched.kind === 'mime') return { copy: fetched };
  const why = fetched.kind === 'failed' ? 'busy' : fetched.kind;
  return { answer: { kind: 'refused', why, detail: `the stored copy: ${fetched.detail}` } };
}
