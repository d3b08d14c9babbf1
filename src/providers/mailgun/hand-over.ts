import type { Deadline } from '../../base/deadline.ts';
import { addressKey } from '../../core/address.ts';
import type { Answer } from '../../core/answer.ts';
import { type Clock, HOUR, type Ms } from '../../core/time.ts';
import { composeMime, isForMailgun, mailboxesFor, variablesOf } from '../../mail/compose.ts';
import { readWithin, SHORTEST, withinText } from '../../mail/deliver-within.ts';
import { type FormEntry, fileIn, textIn, textsIn } from '../../mail/form.ts';
import { recipientsIn } from '../../mail/recipients.ts';
import { batchVariables } from '../../mail/variable.ts';
import type { Copy, Outgoing } from '../provider.ts';
import { deliveryTime, type Port } from './port.ts';

/**
 * Hands a copy to Mailgun for some of its recipients, in one call; see `takesCallForEach`.
 *
 * To all recipients of a form it goes as it was given. To some of them a form whose To or Cc shows others goes as a MIME
 * message that we compose: there the envelope is `to` alone, and the header shows whom the application wrote to. Mailgun
 * documents no way to do that with a form. A template can't be composed here, and goes as a form to one recipient alone, as
 * does a form that shows nobody else. Of a batch (`recipient-variables`) Mailgun makes a mail for each recipient anyway.
 */
export async function sendCopy(
  { port, now }: { port: Port; now: Clock },
  mail: Outgoing & { to: readonly string[] },
  copy: Copy,
  until: Deadline,
): Promise<Answer> {
  const sendMime = (mime: Buffer, entries: readonly FormEntry[], to = mail.to) =>
    port.sendMime(mail.domain, { to, mime, fields: fieldsByName(entries) }, until);
  if ('mime' in copy) return sendMime(copy.mime, fieldsOf(mail, [], now()));
  const { form } = copy;
  const options = (isOne: (name: string) => boolean) =>
    fieldsOf(
      mail,
      form.filter(([name]) => isOne(name)),
      now(),
    );
  const sendForm = (entries: readonly FormEntry[]) => port.send(mail.domain, [...entries, idOf(mail)], until);
  const message = fileIn(form, 'message');
  if (message) {
    const beside = [...options(isBesideReady), ...batchOf(form, mail.to), idOf(mail)];
    return sendMime(message.content, beside, mailboxesFor(form, mail.to));
  }
  if (isToAll(form, mail.to)) return sendForm(options(() => true));
  const composed = showsOthers(form) ? await composeMime(form, mail.recipient, mail.rfcMessageId) : null;
  if (composed)
    return sendMime(
      composed,
      options((name) => /^[otv]:/.test(name) || isForMailgun(name)),
    );
  const to = mailboxesFor(form, mail.to).map((mailbox): FormEntry => ['to', mailbox]);
  const rest = options((name) => !RECIPIENTS.has(name));
  return sendForm([...to, ...rest, ...batchOf(form, mail.to)]);
}

/**
 * What goes with a ready message, beside its recipients and their variables (documentation.mailgun.com, "Send an email in MIME
 * format"). Mailgun takes all else from the message.
 */
const isBesideReady = (name: string): boolean => name === 'template' || /^[hotv]:/.test(name);

/** Whether one call can't be for these recipients without showing them each other, as the sender of a template may not want. */
export function takesCallForEach(copy: Copy, to: readonly string[]): boolean {
  if (to.length < 2 || 'mime' in copy || fileIn(copy.form, 'message')) return false;
  const isBatch = textIn(copy.form, BATCH) !== null;
  return textIn(copy.form, 'template') !== null && !isBatch && !isToAll(copy.form, to);
}

/** A domain in letters that DNS does not know. */
const BEYOND_ASCII = /@[^\s,;<>]*[^\p{ASCII}]/u;

/** Whether these are all that it names, in addresses that Mailgun surely takes as they are written. */
function isToAll(form: readonly FormEntry[], to: readonly string[]): boolean {
  const lists = ['to', 'cc', 'bcc'].flatMap((name) => textsIn(form, name));
  if (lists.some((list) => BEYOND_ASCII.test(list))) return false;
  const { addresses } = recipientsIn(lists);
  const given = new Set(addresses.map(addressKey));
  return given.size === to.length && to.every((address) => given.has(addressKey(address)));
}

/** The variables of these recipients, in a batch; without a text that Mailgun would refuse, as a stored form may hold. */
function batchOf(form: readonly FormEntry[], to: readonly string[]): FormEntry[] {
  const given = textIn(form, BATCH);
  if (given === null || batchVariables(given) === null) return [];
  if (isToAll(form, to)) return [[BATCH, given]];
  const own = variablesOf(form, to) ?? [];
  const variables = Object.fromEntries(to.map((recipient, n) => [recipient, own[n] ?? {}]));
  return [[BATCH, JSON.stringify(variables)]];
}

const BATCH = 'recipient-variables';
const RECIPIENTS: ReadonlySet<string> = new Set(['to', 'cc', 'bcc', BATCH]);

const idOf = (mail: Outgoing): FormEntry => ['h:Message-Id', `<${mail.rfcMessageId}>`];

const WAITS = ['o:deliverytime', 'h:x-mailgun-deliver-by'];

/**
 * Our variable, so that the events of this attempt are recognised whatever id it gets, the delivery time if there
 * is one, and how long Mailgun may try where the mail is worthless before Mailgun gives up by itself.
 */
function fieldsOf(mail: Outgoing, given: readonly FormEntry[], now: Ms): FormEntry[] {
  const { messageId, deliverAt } = mail;
  const ours = new Set(['v:homing-id', 'h:message-id', ...(deliverAt === null ? [] : WAITS)]);
  const wait: FormEntry[] = deliverAt === null ? [] : [['o:deliverytime', deliveryTime(deliverAt)]];
  const kept = given.filter(([name]) => !ours.has(name.toLowerCase()));
  const isLimited = kept.some(isLimit);
  const asked = kept.map((entry) => (isLimit(entry) ? inItsForm(entry) : entry));
  return [...asked, ['v:homing-id', messageId], ...wait, ...(isLimited ? [] : limitOf(mail, now))];
}

const LIMIT = 'o:deliver-within';
/** Mailgun tries for eight hours (help.mailgun.com, "retry schedule"). */
const BY_ITSELF: Ms = 8 * HOUR;

const isLimit = ([name]: FormEntry): boolean => name.toLowerCase() === LIMIT;

/** `1h` as `1h0m`. */
function inItsForm([name, value]: FormEntry): FormEntry {
  const within = typeof value === 'string' ? readWithin(value) : null;
  return [name, within === null ? value : withinText(within)];
}

/** From the time on at which it is to be delivered. */
function limitOf({ deliverAt, usefulUntil }: Outgoing, now: Ms): FormEntry[] {
  const left = usefulUntil === null ? BY_ITSELF : usefulUntil - Math.max(now, deliverAt ?? 0);
  if (left >= BY_ITSELF) return [];
  return [[LIMIT, withinText(Math.max(left, SHORTEST))]];
}

function fieldsByName(entries: readonly FormEntry[]): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const [name, value] of entries) if (typeof value === 'string') fields[name] = [...(fields[name] ?? []), value];
  return fields;
}

function showsOthers(form: readonly FormEntry[]): boolean {
  if (textIn(form, BATCH) !== null) return false;
  if (textsIn(form, 'bcc').length > 0) return true;
  return recipientsIn([...textsIn(form, 'to'), ...textsIn(form, 'cc')]).addresses.length > 1;
}
