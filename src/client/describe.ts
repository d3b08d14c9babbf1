import { isId, newId } from '../base/ids.ts';
import { canonicalDomain } from '../core/address.ts';
import type { Ms } from '../core/time.ts';
import { deliveryTimeIn } from '../mail/delivery-time.ts';
import { fieldIn, messageIdOf, senderOf } from '../mail/headers.ts';
import { MAX_HEADER, MAX_RECIPIENTS } from '../mail/limits.ts';
import { oneLine } from '../mail/line.ts';
import { newMessageId, readMessageId } from '../mail/message-id.ts';
import { recipientsIn } from '../mail/recipients.ts';
import { isOption, optionBytes, roomForOptions } from '../mail/send-options.ts';
import { isTestMode } from '../mail/test-mode.ts';
import { partOurs } from '../mail/variable.ts';
import { classFrom, headerOf, keyFrom, plainSubject, subjectOf, traitsOf } from './given.ts';
import type { MessageRecord } from './record.ts';

/** What a call says about its message. */
export type Described = {
  /** The data to hand over: the caller's own, with our two ids and without our control variables. */
  wire: Record<string, unknown>;
  /** Null when it names no recipient that could be tracked. */
  record: MessageRecord | null;
  /** The parts that could not be recorded, in words without addresses. */
  problems: string[];
};

const ID_VARIABLE = 'v:homing-id';
const CLASS_VARIABLE = 'v:homing-class';
const KEY_VARIABLE = 'v:homing-key';

/**
 * A copy of the data of the caller, taken before the first wait: mailgun.js reads its argument at the call, and the
 * caller may change it afterwards. Lists are copied too, content is not.
 */
export function snapshot(data: object): Record<string, unknown> {
  // The prototype is kept: mailgun.js looks at `data.message`, inherited or not, and sends what is its own.
  const copy: Record<string, unknown> = Object.assign(
    Object.create(Object.getPrototypeOf(data) as object | null),
    data,
  );
  for (const [name, value] of Object.entries(copy)) if (Array.isArray(value)) copy[name] = [...value];
  return copy;
}

/** The data that mailgun.js is to send, and the record of it. `data` must be a snapshot, because it is changed. */
export async function describe(
  domain: string,
  data: Record<string, unknown>,
  { now, classes }: { now: Ms; classes: readonly string[] },
): Promise<Described> {
  const problems: string[] = [];
  const given = { data, mime: data['message'] ? await headerIn(data['message']) : null, problems };
  const among = takenFromHeader(data);
  const kind = classFrom(taken(data, CLASS_VARIABLE) ?? among['homing-class'], classes, problems);
  const key = keyFrom(taken(data, KEY_VARIABLE) ?? among['homing-key'], problems);
  const name = canonicalDomain(domain);
  if (name === null) {
    problems.push('the domain of a message is none, so it is not recorded');
    return { wire: data, record: null, problems };
  }
  if (optionBytes(optionsIn(data)) > roomForOptions({ id: newId(now), messageId: newMessageId(name) })) {
    problems.push('the options of a message leave no room for our ids, so it is not recorded');
    return { wire: data, record: null, problems };
  }
  const id = idIn(data, now);
  const messageId = messageIdIn(given, id, name);
  const to = recipientsOf(given);
  if (to.length === 0) problems.push('no recipient of a message can be tracked, so it is not recorded');
  const said = valuesIn(given);
  const about = { id, messageId, domain: name, ...headingOf(given), to, class: kind, key, createdAt: now };
  const traits = traitsOf([data['o:tag'], said('x-mailgun-tag')].flat(), data['template']);
  const deliverAt = deliveryTimeIn(said, now);
  const wait = deliverAt === null ? {} : { deliverAt };
  const record = { ...about, ...traits, ...wait, ...(isTestMode(said) ? { test: true as const } : {}) };
  return { wire: data, record: to.length > 0 ? record : null, problems };
}

/** The data of the caller, the header of a ready message in it (if there is one), and the problems found so far. */
type Given = { data: Record<string, unknown>; mime: Buffer | null; problems: string[] };

/** A stream is not touched, as it can be read only once. */
async function headerIn(message: unknown): Promise<Buffer> {
  if (message instanceof Blob) return Buffer.from(await message.slice(0, MAX_HEADER).arrayBuffer());
  return headerOf(message) ?? Buffer.alloc(0);
}

/** Takes out a variable that is meant for us: recipients could read it. */
function taken(data: Record<string, unknown>, name: string): unknown {
  const value = data[name];
  delete data[name];
  return [value].flat()[0];
}

/** The same from the header in which Mailgun takes all variables as JSON. */
function takenFromHeader(data: Record<string, unknown>): Record<string, unknown> {
  const name = Object.keys(data).find((other) => other.toLowerCase() === 'h:x-mailgun-variables');
  if (name === undefined || typeof data[name] !== 'string') return {};
  const { ours, text } = partOurs(data[name]);
  data[name] = text;
  return ours;
}

const optionsIn = (data: Record<string, unknown>): [string, string][] =>
  Object.entries(data).flatMap(([name, value]) =>
    isOption(name) ? [value].flat().map((one): [string, string] => [name, optionText(one)]) : [],
  );

/** Numbers and objects become the texts that mailgun.js sends; what can't be sent is an error of its own. */
function optionText(value: unknown): string {
  if (typeof value === 'string') return value;
  try {
    return String(JSON.stringify(value));
  } catch {
    return '';
  }
}

function idIn(data: Record<string, unknown>, now: Ms): string {
  const given = data[ID_VARIABLE];
  if (typeof given === 'string' && isId(given)) return given;
  const id = newId(now);
  data[ID_VARIABLE] = id;
  return id;
}

/** `h:Message-Id` in whatever case, when it has a value: mailgun.js drops what is falsy. */
function messageIdIn({ data, mime, problems }: Given, id: string, domain: string): string {
  const named = Object.keys(data).find((name) => name.toLowerCase() === 'h:message-id' && data[name]);
  const given = named === undefined ? null : (textOf(data[named]) ?? '');
  const theirs = given === null ? mime && messageIdOf(mime) : readMessageId(given);
  if (theirs !== null) return theirs;
  if (given !== null) {
    problems.push('the Message-Id of a message is malformed: it is tracked by our own id alone');
    return `${id}@${domain}`;
  }
  const ours = newMessageId(domain);
  data['h:Message-Id'] = `<${ours}>`;
  return ours;
}

/** The recipients. Those of a ready message are in `to` alone. */
function recipientsOf({ data, mime, problems }: Given): string[] {
  const names = mime ? ['to'] : ['to', 'cc', 'bcc'];
  const texts = names.flatMap((name) => [data[name]].flat()).filter((text) => typeof text === 'string');
  const { addresses, misfits } = recipientsIn(texts);
  if (misfits.length > 0)
    problems.push(`${misfits.length} recipients of a message are no plain addresses and are not tracked`);
  if (addresses.length > MAX_RECIPIENTS)
    problems.push(`only the first ${MAX_RECIPIENTS} recipients of a message are tracked`);
  return addresses.slice(0, MAX_RECIPIENTS);
}

/** By an option, by a header that goes along, or by a field of a ready message. */
const valuesIn = ({ data, mime }: Given) => {
  const named = new Map(Object.entries(data).map(([name, value]) => [name.toLowerCase(), value]));
  return (name: string): string | null =>
    wordsOf(named.get(name)) ?? wordsOf(named.get(`h:${name}`)) ?? (mime && fieldIn(mime, name));
};

function headingOf({ data, mime }: Given): Pick<MessageRecord, 'from' | 'subject'> {
  const from = textOf(data['from']) ?? (mime && senderOf(mime)) ?? '';
  return {
    from: oneLine(from) || '(not given)',
    subject: subjectOf(textOf(data['subject']) ?? (mime && plainSubject(mime))),
  };
}

/** mailgun.js sends a number as its digits, and `true` as "yes". */
const wordsOf = (value: unknown): string | null =>
  typeof value === 'number' ? String(value) : value === true ? 'yes' : textOf(value);

const textOf = (value: unknown): string | null => {
  const [first] = [value].flat();
  return typeof first === 'string' && first !== '' ? first : null;
};
