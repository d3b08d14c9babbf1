import { newId } from '../base/ids.ts';
import type { Refusal } from '../core/answer.ts';
import type { Fact } from '../core/delivery.ts';
import { classNames, neverElsewhere, treatmentOf, usefulUntil, usualTreatment, watchOnly } from '../core/policy.ts';
import { safeLine } from '../core/safe-text.ts';
import { handedOver } from '../core/sent.ts';
import type { Ms } from '../core/time.ts';
import { oneLine } from '../mail/line.ts';
import { refusalOf, refusalOfReply } from '../mail/refusal.ts';
import type { Store } from '../store/db/open.ts';
import { takeUpAgain } from '../store/inbox/news.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import { type Draft, type Recorded, record } from '../store/messages/messages.ts';
import { withoutErased } from './erased.ts';
import { signOf, type ToldSign } from './signs.ts';
import type { BirthSettings } from './terms.ts';
import { readTold, type ToldMessage } from './told-message.ts';

/** Whom applications send through, unless they say otherwise. */
const HOME = 'mailgun';

export type IntakeDeps = { store: Store; settings: BirthSettings };

/**
 * Records a message that the application has sent, or is about to send. Telling the same message (domain and Message-Id)
 * again adds what is new and changes nothing else. Throws `AppError` with every problem at once; nothing is stored then. What
 * the call says of its provider is for the caller to count.
 */
export async function recordMessage(
  deps: IntakeDeps,
  input: unknown,
  now: Ms,
): Promise<Recorded & { usefulUntil: Ms; sign: ToldSign | null }> {
  const { draft, sign } = readTelling(deps.settings, input, now);
  const left = (await withoutErased(deps.store, [draft])).get(draft);
  const until = usefulUntil(draft);
  if (!left) return { id: draft.id ?? newId(now), created: true, usefulUntil: until, sign };
  await rememberDomains(deps.store, [draft.domain]);
  const recorded = await record(deps.store, left, now);
  await takeUpAgain(deps.store, [draft], now);
  return { ...recorded, usefulUntil: until, sign };
}

export type ReadTelling = { draft: Draft; sign: ToldSign | null };

/** A telling in the form that the store takes. Throws `AppError` with every problem at once. */
export function readTelling(settings: BirthSettings, input: unknown, now: Ms): ReadTelling {
  const told = readTold(input, classNames(settings.policies));
  // A clock that is ahead must not make a message live longer.
  const at = Math.min(told.createdAt ?? now, now);
  const sign = signOf(told, HOME);
  return { draft: draftOf(settings, told, { at, now }), sign: sign && { ...sign, at } };
}

function draftOf(settings: BirthSettings, told: ToldMessage, { at, now }: { at: Ms; now: Ms }): Draft {
  const { tags = [], template = null, subject = null, from: sender } = told;
  const traits = { tags, template, subject, sender };
  const treated = treatmentOf(told.class ?? null, traits, settings.policies) ?? usualTreatment(settings.policies);
  const { class: kind, policy: usual } = treated;
  const policy = told.test === true ? neverElsewhere(usual) : usual;
  return {
    ...(told.id === undefined ? {} : { id: told.id }),
    messageId: told.messageId,
    domain: told.domain,
    from: told.from,
    subject: told.subject ? oneLine(told.subject) : null,
    class: kind,
    key: told.key ?? null,
    tags,
    template,
    origin: 'recorded',
    policy: told.via === undefined ? policy : watchOnly(policy),
    recipients: [...told.to, ...(told.cc ?? []), ...(told.bcc ?? [])],
    facts: factsOf(told, at, now + settings.lease),
    createdAt: at,
    isUndated: told.createdAt === undefined && told.state !== 'sending',
    deliverAt: told.deliverAt ?? null,
  };
}

function factsOf(told: ToldMessage, at: Ms, leaseUntil: Ms): Fact[] {
  const both =
    told.via === undefined
      ? handedOver(at, told.answeredId ?? told.messageId, HOME)
      : elsewhere(told.via, at, told.messageId);
  if (told.state === 'accepted') return both;
  const claim = both.flatMap((f) => (f.kind === 'claimed' ? [{ ...f, leaseUntil }] : []));
  return told.state === 'sending' ? claim : [...claim, refusal(told, at)];
}

/**
 * The facts of a mail that went to a server other than Mailgun, which tells nothing more: it is reported, and never
 * sent by us.
 */
const elsewhere = (via: string, at: Ms, messageId: string): Fact[] =>
  handedOver(at, messageId, via).map((fact) => (fact.kind === 'accepted' ? { ...fact, tracked: false } : fact));

/** Without a status or a reply, as after a time-out, nobody has refused it. */
function refusal({ error }: ToldMessage, at: Ms): Fact {
  const { status, smtp, message, notSent } = error ?? {};
  const words = safeLine(message ?? '', 500).trim();
  if (notSent && !smtp && !status) return refusedFact('busy', ['not sent', words].filter(Boolean).join(': '), at);
  const said = smtp ? `SMTP ${smtp}` : status;
  const detail = [said, words].filter(Boolean).join(' ') || 'the application does not say why';
  const why = smtp ? refusalOfReply(smtp) : status ? refusalOf(status, words, 'send') : null;
  if (why === null) return { key: 'unanswered:1', at, kind: 'unanswered', attempt: 1, detail };
  return refusedFact(why, detail, at);
}

const refusedFact = (why: Refusal, detail: string, at: Ms): Fact => ({
  ...{ key: 'refused:1', at, kind: 'refused', attempt: 1, why, detail, retryAfter: null },
});
