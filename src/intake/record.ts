import { z } from 'zod';
import { AppError } from '../base/errors.ts';
import { isId } from '../base/ids.ts';
import { parseMoment } from '../base/moment.ts';
import { canonicalAddress, domainOf } from '../core/address.ts';
import type { Fact } from '../core/delivery.ts';
import { CLASSES } from '../core/message-class.ts';
import { policyFor, watchOnly } from '../core/policy.ts';
import { handedOver } from '../core/sent.ts';
import type { Ms } from '../core/time.ts';
import { classOf } from '../mail/class.ts';
import { readKey } from '../mail/key.ts';
import { MAX_KEY, MAX_LINE, MAX_RECIPIENTS } from '../mail/limits.ts';
import { oneLine } from '../mail/line.ts';
import { readMessageId } from '../mail/message-id.ts';
import { addressesIn } from '../mail/recipients.ts';
import { refusalOf, refusalOfReply } from '../mail/refusal.ts';
import type { Store } from '../store/db/open.ts';
import { rememberDomains } from '../store/messages/domains.ts';
import { type Draft, type Recorded, record } from '../store/messages/messages.ts';
import type { BirthSettings } from './terms.ts';

export type IntakeDeps = { store: Store; settings: BirthSettings };

const hasControls = (text: string): boolean => /\p{Cc}/u.test(text);

const line = z
  .string({ error: 'must be text' })
  .trim()
  .min(1, 'must not be empty')
  .max(MAX_LINE, `must have at most ${MAX_LINE} characters`)
  .refine((text) => !hasControls(text), 'must not contain control characters');

const messageId = z.string({ error: 'must be text' }).transform((text, ctx) => {
  const id = readMessageId(text);
  if (id !== null) return id;
  ctx.addIssue({ code: 'custom', message: `must be a Message-Id of at most ${MAX_LINE} printable ASCII characters` });
  return z.NEVER;
});

const messageClass = z
  .unknown()
  .optional()
  .transform((said, ctx) => {
    const named = classOf(said);
    if (named !== null) return named;
    ctx.addIssue({ code: 'custom', message: `must be one of ${CLASSES.join(', ')}` });
    return z.NEVER;
  });

const key = z.string({ error: 'must be text' }).transform((text, ctx) => {
  const read = readKey(text);
  if (read !== null) return read;
  ctx.addIssue({
    code: 'custom',
    message: `must have 1 to ${MAX_KEY} characters, none of them a control character`,
  });
  return z.NEVER;
});

const domain = z
  .string({ error: 'must be text' })
  .transform((text) => canonicalAddress(`postmaster@${text.trim()}`))
  .transform((address, ctx) => {
    if (address !== null) return domainOf(address);
    ctx.addIssue({ code: 'custom', message: 'must be a domain' });
    return z.NEVER;
  });

/** Lists and comma strings, with names and groups, as mail clients take them. Problems name the position, not the address. */
const recipients = z
  .union([z.string(), z.array(z.string()).max(MAX_RECIPIENTS)], {
    error: 'must be a list of addresses or a comma list',
  })
  .transform((given, ctx) => {
    const texts = typeof given === 'string' ? [given] : given;
    return texts.flatMap((text, index) => {
      const place = typeof given === 'string' ? [] : [index];
      const addresses = hasControls(text) ? [null] : firstOf(addressesIn(text), MAX_RECIPIENTS + 1);
      if (addresses.length === 0) ctx.addIssue({ code: 'custom', path: place, message: 'names no address' });
      return addresses.map((address, n) => {
        const which = addresses.length > 1 ? `address ${n + 1} ` : '';
        if (address === null)
          ctx.addIssue({ code: 'custom', path: place, message: `${which}is not a plain e-mail address` });
        return address ?? '';
      });
    });
  });

/** The first of them, as many as may be; more than a message can have are refused, however many there are. */
function firstOf<T>(all: Iterable<T>, most: number): T[] {
  const first: T[] = [];
  for (const one of all) if (first.push(one) === most) break;
  return first;
}

const moment = z
  .union([z.string(), z.number().transform(String)], { error: 'must be a time' })
  .transform((text) => parseMoment(text))
  .refine((at) => at !== null, 'must be a time: ISO 8601 or milliseconds since the epoch');

const REPLY_CODE = 'must be the code of an SMTP reply from 400 to 599';

const RECORD = z
  .object(
    {
      messageId,
      domain,
      from: line,
      to: recipients.refine((all) => all.length > 0, 'must name a recipient'),
      cc: recipients.optional(),
      bcc: recipients.optional(),
      subject: z.string({ error: 'must be text' }).nullish(),
      class: messageClass,
      key: key.nullish(),
      state: z.enum(['sending', 'accepted', 'refused']),
      createdAt: moment.optional(),
      id: z.string({ error: 'must be text' }).refine(isId, 'must be a ULID').optional(),
      via: line.max(255, 'must have at most 255 characters').optional(),
      error: z
        .object(
          {
            status: z.number({ error: 'must be a number' }).int().nullish(),
            smtp: z.number({ error: 'must be a number' }).int().min(400, REPLY_CODE).max(599, REPLY_CODE).nullish(),
            message: z.string().nullish(),
          },
          { error: 'must be an object with status or smtp, and message' },
        )
        .optional(),
    },
    { error: 'must be an object' },
  )
  .refine((r) => r.to.length + (r.cc?.length ?? 0) + (r.bcc?.length ?? 0) <= MAX_RECIPIENTS, {
    path: ['to'],
    message: `, cc and bcc must name at most ${MAX_RECIPIENTS} recipients together`,
  })
  .refine((r) => r.state !== 'refused' || r.error !== undefined, {
    path: ['error'],
    message: 'must say why, when the state is refused',
  });

/** What an application says of a message that it sends itself. */
export type RecordInput = z.input<typeof RECORD>;
type Told = z.output<typeof RECORD>;

/**
 * Records a message that the application has sent, or is about to send. Telling the same message (domain and Message-Id)
 * again adds what is new and changes nothing else. Throws `AppError` with every problem at once; nothing is stored then.
 */
export async function recordMessage(deps: IntakeDeps, input: unknown, now: Ms): Promise<Recorded> {
  const told = parse(RECORD, input);
  const draft = draftOf(deps.settings, told, now);
  await rememberDomains(deps.store, [draft.domain]);
  return record(deps.store, draft, now);
}

/** What an application tells, as the store takes it. Throws `AppError` with every problem at once. */
export const draftFrom = (settings: BirthSettings, input: unknown, now: Ms): Draft =>
  draftOf(settings, parse(RECORD, input), now);

function draftOf(settings: BirthSettings, told: Told, now: Ms): Draft {
  // A clock that is ahead must not make a message live longer.
  const at = Math.min(told.createdAt ?? now, now);
  const policy = policyFor(told.class, settings.policies);
  return {
    ...(told.id === undefined ? {} : { id: told.id }),
    messageId: told.messageId,
    domain: told.domain,
    from: told.from,
    subject: told.subject ? oneLine(told.subject) : null,
    class: told.class,
    key: told.key ?? null,
    origin: 'recorded',
    policy: told.via === undefined ? policy : watchOnly(policy),
    recipients: [...told.to, ...(told.cc ?? []), ...(told.bcc ?? [])],
    facts: factsOf(told, at, now + settings.lease),
    createdAt: at,
  };
}

function factsOf(told: Told, at: Ms, leaseUntil: Ms): Fact[] {
  const both = told.via === undefined ? handedOver(at, told.messageId) : elsewhere(told.via, at, told.messageId);
  if (told.state === 'accepted') return both;
  const claim = both.flatMap((f) => (f.kind === 'claimed' ? [{ ...f, leaseUntil }] : []));
  return told.state === 'sending' ? claim : [...claim, refusal(told, at)];
}

/** Handed to a server that tells nothing more: reported as such, and never sent by us. */
const elsewhere = (via: string, at: Ms, messageId: string): Fact[] =>
  handedOver(at, messageId, via).map((fact) => (fact.kind === 'accepted' ? { ...fact, tracked: false } : fact));

/** Without a status or a reply (a time-out, a reset) nobody said no. */
function refusal({ error }: Told, at: Ms): Fact {
  const { status, smtp, message } = error ?? {};
  const words = (message ?? '').replace(/[\p{Cc}\s]+/gu, ' ').slice(0, 500);
  const said = smtp ? `SMTP ${smtp}` : status;
  const detail = [said, words].filter(Boolean).join(' ') || 'the application does not say why';
  const why = smtp ? refusalOfReply(smtp) : status ? refusalOf(status, words, 'send') : null;
  if (why === null) return { key: 'unanswered:1', at, kind: 'unanswered', attempt: 1, detail };
  return { key: 'refused:1', at, kind: 'refused', attempt: 1, why, detail, retryAfter: null };
}

/** Parses what came from outside, or throws an `AppError` that names every problem by its place. */
export function parse<T extends z.ZodType>(schema: T, input: unknown): z.output<T> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${placeOf(issue.path)} ${wordsOf(issue)}`.trim());
  throw new AppError('invalid', `the request has ${problems.length} problem(s)`, problems);
}

const placeOf = (path: readonly PropertyKey[]): string =>
  path.map((part, n) => (typeof part === 'number' ? `[${part}]` : `${n > 0 ? '.' : ''}${String(part)}`)).join('');

function wordsOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  if (issue.code === 'unrecognized_keys') return `has unknown fields: ${issue.keys.join(', ').slice(0, 200)}`;
  return issue.message;
}
