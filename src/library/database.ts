import { AppError, type ErrorCode } from '../base/errors.ts';
import type { Backend } from '../client/backend.ts';
import { codeOf } from '../client/errors.ts';
import { HomingError } from '../client/homing-error.ts';
import type { HomingErrorCode, MayResend } from '../client/types.ts';
import { detailOf } from '../contract/present.ts';
import { statusTokens } from '../contract/status-token.ts';
import { usefulUntil } from '../core/policy.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import { draftOf } from '../intake/draft.ts';
import { createQueue } from '../intake/queue.ts';
import { keyForDaemons } from '../intake/sealing-keys.ts';
import { termsIn } from '../intake/terms.ts';
import { catchUp, keepTold } from '../intake/told.ts';
import type { FormEntry } from '../mail/form.ts';
import { cancelMessage } from '../operate/operate.ts';
import { mayResend } from '../operate/resend.ts';
import { openStore, type Store } from '../store/db/open.ts';
import { keptAmong } from '../store/ledger/kept.ts';
import { cancelByKey } from '../store/messages/cancel.ts';
import { findMessage } from '../store/messages/find.ts';

export type DatabaseBackend = { database: string; encryptionKey: string | null };

/** Works on the database itself, by the same steps as the HTTP API of the daemon, and by the settings of the daemon. */
export function openDatabase({ database, encryptionKey }: DatabaseBackend): Backend {
  // An open connection keeps the process from ending.
  const store = openStore(database, { idle: SECOND / 2 });
  const now = Date.now;
  return {
    record: (records) =>
      explained(async () => {
        // Not checked here: the wrapper made them, and they are checked when they are filed.
        await keepTold(store, records, now());
        return records.map(() => ({ ok: true }));
      }),
    queue: (domain, form) => explained(() => queue({ store, encryptionKey }, domain, form)),
    cancel: (which) => explained(() => cancel(store, which)),
    status: (id) => explained(() => status({ store, encryptionKey }, id)),
    mayResend: (key) => explained(() => mayAsk(store, key)),
    close: store.close,
  };
}

const NO_KEY =
  "deliverLater into a database needs the daemon's ENCRYPTION_KEY, 64 hex digits, as encryptionKey or in env";

const OTHER_KEY =
  "the daemon can't open what is sealed with this encryptionKey: it must be the daemon's ENCRYPTION_KEY";

type QueueDeps = { store: Store; encryptionKey: string | null };

async function queue({ store, encryptionKey: given }: QueueDeps, domain: string, form: readonly FormEntry[]) {
  const keys = keysIn(given ?? '');
  if (keys.length === 0) throw new HomingError('invalid', NO_KEY);
  const encryptionKey = await keyForDaemons(store, keys);
  if (encryptionKey === null) throw new HomingError('misconfigured', OTHER_KEY);
  const { domains, ...settings } = await termsIn(store);
  const now = Date.now();
  const prepared = await draftOf({ settings, encryptionKey, domains }, { domain, form, caller: 'database' }, now);
  const { id, messageId } = await createQueue(store)(prepared, now);
  const statusToken = statusTokens([encryptionKey]).make(id, usefulUntil(prepared.draft));
  return {
    ...{ status: 200, id: `<${messageId}>`, message: 'Queued. Thank you.' },
    ...(statusToken === null ? {} : { statusToken }),
  };
}

/** A comma list, as it may be in `ENCRYPTION_KEY`; none when there is anything else in it. */
function keysIn(text: string): string[] {
  const keys = text.split(',').map((key) => key.trim().toLowerCase());
  return keys.every((key) => /^[0-9a-f]{64}$/.test(key)) ? keys : [];
}

async function cancel(store: Store, which: { id: string } | { key: string }): Promise<number> {
  const now = Date.now();
  await fileTold(store, now);
  if ('key' in which) return (await cancelByKey(store, which.key, 'by_application', now)).cancelled;
  try {
    return (await cancelMessage(store, { message: which.id, who: 'the application', reason: 'by_application' }, now))
      .cancelled;
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return 0;
    throw error;
  }
}

async function status({ store, encryptionKey: given }: QueueDeps, id: string) {
  await fileTold(store, Date.now());
  const found = await findMessage(store, id);
  if (!found) return null;
  const { message, views } = found;
  const key = await keyForDaemons(store, keysIn(given ?? ''));
  const until = Math.max(message.created_at, ...views.map(({ delivery }) => delivery.usefulUntil));
  const statusToken = statusTokens(key === null ? [] : [key]).make(message.id, until);
  const detail = detailOf(message, views, await keptAmong(store, views, Date.now()));
  return { ...detail, ...(statusToken === null ? {} : { statusToken }) };
}

async function mayAsk(store: Store, key: string): Promise<MayResend> {
  const now = Date.now();
  await fileTold(store, now);
  const { resendCooldown = COOLDOWN } = await termsIn(store);
  const { answer, availableAt } = await mayResend(store, key.trim(), { cooldown: resendCooldown, now });
  return { answer, resendAvailableAt: availableAt === null ? null : new Date(availableAt).toISOString() };
}

/** As long as no daemon has said how long. */
const COOLDOWN = MINUTE;

/** Files what was told a moment ago, so that it is found. */
async function fileTold(store: Store, now: number): Promise<void> {
  await catchUp({ store, settings: await termsIn(store) }, now);
}

/** Gives errors the words of the library, because those of a database repeat statements with their values. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HomingError) throw error;
    throw error instanceof AppError ? refusalOf(error) : troubleOf(error);
  }
}

const CODES: Record<ErrorCode, HomingErrorCode> = {
  invalid: 'invalid',
  unauthorized: 'unauthorized',
  not_found: 'not_found',
  conflict: 'conflict',
  mismatch: 'invalid',
  in_progress: 'unavailable',
  too_large: 'too_large',
  unsupported: 'invalid',
  unavailable: 'unavailable',
};

const refusalOf = ({ code, message, problems }: AppError): HomingError =>
  new HomingError(CODES[code], message, problems);

const DENIED = new Set(['ER_ACCESS_DENIED_ERROR', 'ER_DBACCESS_DENIED_ERROR', 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR']);
const NO_TABLES = new Set(['ER_BAD_DB_ERROR', 'ER_NO_SUCH_TABLE']);

function troubleOf(cause: unknown): HomingError {
  const code = codeOf(cause);
  const isWithoutTables = NO_TABLES.has(code) || (cause instanceof Error && /no such table/i.test(cause.message));
  if (DENIED.has(code))
    return new HomingError('unauthorized', `the database does not let this user in: ${code}`, [], { cause });
  if (isWithoutTables)
    return new HomingError(
      'misconfigured',
      'the database has no tables of Homing: start the daemon, or run "homing migrate"',
      [],
      {
        cause,
      },
    );
  return new HomingError('unavailable', `the database can not be used: ${code}`, [], { cause });
}
