import { isId, newId } from '../base/ids.ts';
import { canonicalDomain } from '../core/address.ts';
import { CLASSES, type MessageClass } from '../core/message-class.ts';
import type { Ms } from '../core/time.ts';
import { classOf, DEFAULT_CLASS } from '../mail/class.ts';
import { fieldIn, messageIdOf, senderOf } from '../mail/headers.ts';
import { readKey } from '../mail/key.ts';
import { MAX_KEY, MAX_RECIPIENTS } from '../mail/limits.ts';
import { oneLine } from '../mail/line.ts';
import { newMessageId, readMessageId } from '../mail/message-id.ts';
import { recipientsIn } from '../mail/recipients.ts';
import type { MessageRecord } from './record.ts';

/** What a call says about its message. */
export type Described = {
  /** The data to hand over: the caller's own, with our two ids and without our control variables. */
  wire: Record<string, unknown>;
  /** Null when there is nobody in it whom we could track. */
  record: MessageRecord | null;
  /** What of it could not be recorded, in words without addresses. */
  problems: string[];
};

const ID_VARIABLE = 'v:homing-id';
const CLASS_VARIABLE = 'v:homing-class';
const KEY_VARIABLE = 'v:homing-key';
/** The header of a message is read up to here. */
const HEADER = 256 * 1024;

/**
 * A copy of the caller's data, taken before anything is waited for: mailgun.js reads its argument at the call, and the
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

/** What mailgun.js would send of this, and what we record of it. `data` must be a snapshot: it becomes the wire's. */
export async function describe(domain: string, data: Record<string, unknown>, now: Ms): Promise<Described> {
  const problems: string[] = [];
  const mime = data['message'] ? await headerIn(data['message']) : null;
  const kind = classFrom(taken(data, CLASS_VARIABLE), problems);
  const key = keyFrom(taken(data, KEY_VARIABLE), problems);
  const name = canonicalDomain(domain);
  if (name === null) {
    problems.push('the domain of a message is none, so it is not recorded');
    return { wire: data, record: null, problems };
  }
  const id = idIn(data, now);
  const messageId = messageIdIn(data, mime, name, id, problems);
  const to = recipientsOf(data, mime ? ['to'] : ['to', 'cc', 'bcc'], problems);
  const record: MessageRecord = {
    id,
    messageId,
    domain: name,
    from: oneLine(textOf(data['from']) ?? (mime && senderOf(mime)) ?? '') || '(not given)',
    to,
    subject: subjectOf(textOf(data['subject']) ?? (mime ? plainSubject(mime) : null)),
    class: kind,
    key,
    createdAt: now,
  };
  if (to.length === 0) problems.push('no recipient of a message can be tracked, so it is not recorded');
  return { wire: data, record: to.length > 0 ? record : null, problems };
}

/** `h:Message-Id` in whatever case, when it has a value: mailgun.js drops what is falsy. */
function messageIdIn(
  data: Record<string, unknown>,
  mime: Buffer | null,
  domain: string,
  id: string,
  problems: string[],
): string {
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

function idIn(data: Record<string, unknown>, now: Ms): string {
  const given = data[ID_VARIABLE];
  if (typeof given === 'string' && isId(given)) return given;
  const id = newId(now);
  data[ID_VARIABLE] = id;
  return id;
}

/** Recipients can read variables: what is meant for us is taken out. */
function taken(data: Record<string, unknown>, name: string): unknown {
  const value = data[name];
  delete data[name];
  return [value].flat()[0];
}

/** What an application says of the class; the usual one for what is none. */
export function classFrom(given: unknown, problems: string[]): MessageClass {
  const named = classOf(isGiven(given) ? given : null);
  if (named !== null) return named;
  problems.push(`a class must be one of ${CLASSES.join(', ')}: ${DEFAULT_CLASS} is assumed`);
  return DEFAULT_CLASS;
}

/** What an application says of the key, numbers as text; null for what is none. */
export function keyFrom(given: unknown, problems: string[]): string | null {
  if (!isGiven(given)) return null;
  const key = readKey(given);
  if (key !== null) return key;
  problems.push(`a key must have 1 to ${MAX_KEY} characters, none of them a control character: it is left out`);
  return null;
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

function recipientsOf(data: Record<string, unknown>, names: readonly string[], problems: string[]): string[] {
  const texts = names.flatMap((name) => [data[name]].flat()).filter((text) => typeof text === 'string');
  const { addresses, misfits } = recipientsIn(texts);
  if (misfits.length > 0)
    problems.push(`${misfits.length} recipients of a message are no plain addresses and are not tracked`);
  if (addresses.length > MAX_RECIPIENTS)
    problems.push(`only the first ${MAX_RECIPIENTS} recipients of a message are tracked`);
  return addresses.slice(0, MAX_RECIPIENTS);
}

/** The beginning of a ready message; null for one that is still to be read. */
export function headerOf(message: unknown): Buffer | null {
  if (typeof message === 'string') return Buffer.from(message.slice(0, HEADER));
  return Buffer.isBuffer(message) ? message.subarray(0, HEADER) : null;
}

/** A stream is not touched, as it can be read only once. */
async function headerIn(message: unknown): Promise<Buffer> {
  if (message instanceof Blob) return Buffer.from(await message.slice(0, HEADER).arrayBuffer());
  return headerOf(message) ?? Buffer.alloc(0);
}

export function plainSubject(mime: Buffer): string | null {
  const subject = fieldIn(mime, 'subject');
  return subject === null || subject.includes('=?') ? null : subject;
}

const textOf = (value: unknown): string | null => {
  const [first] = [value].flat();
  return typeof first === 'string' && first !== '' ? first : null;
};

export const subjectOf = (text: string | null): string | null => (text === null ? null : oneLine(text));
