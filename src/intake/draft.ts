import { createHash } from 'node:crypto';
import { AppError } from '../base/errors.ts';
import { newId } from '../base/ids.ts';
import { MAX_BODY, seal } from '../base/seal.ts';
import { canonicalDomain } from '../core/address.ts';
import { withoutOneClick } from '../core/one-click.ts';
import { classNames, livingFor, neverElsewhere, treatmentOf } from '../core/policy.ts';
import type { Ms } from '../core/time.ts';
import { type FormEntry, packForm } from '../mail/form.ts';
import { newMessageId } from '../mail/message-id.ts';
import type { Call } from '../store/messages/calls.ts';
import type { QueueDraft } from '../store/messages/enqueue.ts';
import type { Draft } from '../store/messages/messages.ts';
import { checkOptions, printable, refused } from './form-checks.ts';
import { readFormMail } from './form-mail.ts';
import type { BirthSettings } from './terms.ts';

/** What mail is taken into the queue by. */
export type QueueTerms = {
  settings: BirthSettings;
  /** Bodies are stored sealed; without a key nothing can be queued. */
  encryptionKey: string | null;
  /** The domains that the daemon sends for; null where that is not known. */
  domains: readonly string[] | null;
};

/** What somebody hands over. */
export type HandedIn = {
  domain: string;
  form: readonly FormEntry[];
  /** Who hands it over: the same call of another is another call. */
  caller: string;
  /** The call by the name that the caller gave it. */
  repeatable?: Call | null;
};

/** A message as it is to be stored, and the call that asked for it. */
export type Prepared = { draft: QueueDraft; call: Call | null };

/** What is to be stored of a message that was handed over. Throws `AppError` in words like those of Mailgun. */
export async function draftOf(terms: QueueTerms, { domain, form, ...by }: HandedIn, now: Ms): Promise<Prepared> {
  const { settings, encryptionKey, domains } = terms;
  if (encryptionKey === null)
    throw new AppError(
      'unavailable',
      'ENCRYPTION_KEY is not set: mail that waits is kept sealed, so none can be queued',
    );
  const name = canonicalDomain(domain);
  if (name === null || (domains && !domains.includes(name)))
    throw new AppError('not_found', `Domain not found: ${printable(domain)}`);
  const {
    form: toSend,
    isTest,
    expiresAt,
    class: said,
    tags,
    template,
    unsubscribing,
    ...mail
  } = readFormMail(form, now);
  const traits = { tags, template, subject: mail.subject, sender: mail.from };
  const treated = treatmentOf(said, traits, settings.policies);
  if (treated === null) throw refused(`'v:homing-class' must be one of ${classNames(settings.policies).join(', ')}`);
  const { class: kind, policy: usual } = treated;
  const policy = expiresAt === null ? usual : livingFor(expiresAt - Math.max(now, mail.deliverAt ?? 0), usual);
  const id = newId(now);
  const messageId = mail.messageId ?? newMessageId(name);
  checkOptions(toSend, { id, messageId });
  const pieces = packForm(toSend);
  if (pieces.reduce((sum, piece) => sum + piece.length, 0) > MAX_BODY)
    throw new AppError('too_large', `the message takes more than ${MAX_BODY} bytes to keep`);
  const draft = {
    ...mail,
    tags,
    template,
    class: kind,
    id,
    messageId,
    domain: name,
    origin: 'queued' as const,
    policy: isTest ? neverElsewhere(policy) : policy,
    facts: kind === 'bulk' && !isTest ? withoutOneClick(unsubscribing, now) : [],
    createdAt: now,
    body: await seal(pieces, encryptionKey, id),
  };
  const alike = mail.messageId === null ? null : sameCall(by.caller, draft, pieces);
  return { draft, call: by.repeatable ? { ...by.repeatable, ...(alike ? { alike } : {}) } : alike };
}

/**
 * What a call asks for that chose the Message-Id: the same message once more, to the same recipients, while the first one is
 * still under way, makes no second mail, whatever the caller names the call. Then a client did not get our answer. Without a
 * Message-Id of the caller's, two calls can not be told from two mails.
 */
function sameCall(caller: string, { domain, messageId, class: kind, key }: Draft, pieces: readonly Buffer[]): Call {
  const hash = createHash('sha256').update(JSON.stringify([domain, messageId, kind, key]));
  for (const piece of pieces) hash.update(piece);
  const fingerprint = hash.digest('hex');
  // No key that a caller gives to a call has a line end.
  return { scope: `${caller}\nMessage-Id`, key: fingerprint, fingerprint, untilEnded: true };
}
