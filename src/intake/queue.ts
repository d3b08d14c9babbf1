import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { MAX_BODY, seal } from '../base/seal.ts';
import { canonicalDomain } from '../core/address.ts';
import { policyFor } from '../core/policy.ts';
import type { Ms } from '../core/time.ts';
import { type FormEntry, packForm } from '../mail/form.ts';
import { newMessageId } from '../mail/message-id.ts';
import type { Store } from '../store/db/open.ts';
import type { Call } from '../store/messages/calls.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import { enqueue } from '../store/messages/messages.ts';
import { printable, readFormMail } from './form-mail.ts';
import type { BirthSettings } from './terms.ts';

export type QueueDeps = {
  store: Store;
  settings: BirthSettings;
  /** Bodies are stored sealed; without a key nothing can be queued. */
  encryptionKey: string | null;
  /** The domains that the daemon sends for; null where that is not known. */
  domains: readonly string[] | null;
};

/**
 * Stores a message for the daemon to send. Throws `AppError` in words like those of Mailgun; then nothing is stored.
 */
export async function queueMessage(
  deps: QueueDeps,
  { domain, form, repeatable }: { domain: string; form: readonly FormEntry[]; repeatable?: Call },
  now: Ms,
): Promise<{ id: string; messageId: string }> {
  const { store, settings, encryptionKey } = deps;
  if (encryptionKey === null)
    throw new AppError(
      'unavailable',
      'ENCRYPTION_KEY is not set: mail that waits is kept sealed, so none can be queued',
    );
  const name = canonicalDomain(domain);
  if (name === null || (deps.domains && !deps.domains.includes(name)))
    throw new AppError('not_found', `Domain not found: ${printable(domain)}`);
  const { form: toSend, ...mail } = readFormMail(form, now);
  const body = packForm(toSend);
  if (body.length > MAX_BODY) throw new AppError('too_large', `the message takes more than ${MAX_BODY} bytes to keep`);
  const id = newId(now);
  await rememberDomains(store, [name]);
  const draft = {
    ...mail,
    id,
    messageId: mail.messageId ?? newMessageId(name),
    domain: name,
    origin: 'queued' as const,
    policy: policyFor(mail.class, settings.policies),
    facts: [],
    createdAt: now,
    body: await seal(body, encryptionKey, id),
  };
  return enqueue(store, draft, repeatable ?? null, now);
}
