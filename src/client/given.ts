import { CLASSES } from '../core/message-class.ts';
import { fieldIn } from '../mail/headers.ts';
import { readKey } from '../mail/key.ts';
import { MAX_HEADER, MAX_KEY } from '../mail/limits.ts';
import { oneLine } from '../mail/line.ts';
import type { MessageRecord } from './record.ts';

/** What an application says of the class; null when it says nothing, or names none of the three and of its own. */
export function classFrom(given: unknown, own: readonly string[], problems: string[]): string | null {
  if (!isGiven(given)) return null;
  const names: readonly unknown[] = [...CLASSES, ...own];
  if (typeof given === 'string' && names.includes(given)) return given;
  problems.push(`a class must be one of ${names.join(', ')}: it is left out`);
  return null;
}

/** What an application says of the key, numbers as text; null for what is none. */
export function keyFrom(given: unknown, problems: string[]): string | null {
  if (!isGiven(given)) return null;
  const key = readKey(given);
  if (key !== null) return key;
  problems.push(`a key must have 1 to ${MAX_KEY} characters, none of them a control character: it is left out`);
  return null;
}

/** Of what is given, what the rules of classes look at beside sender and subject. */
export function traitsOf(tags: readonly unknown[], template: unknown): Pick<MessageRecord, 'tags' | 'template'> {
  const texts = tags.filter((tag) => typeof tag === 'string' && tag !== '').map(String);
  return {
    ...(texts.length > 0 ? { tags: texts.slice(0, MAX_TAGS) } : {}),
    ...(typeof template === 'string' && template !== '' ? { template } : {}),
  };
}

/** Mailgun takes ten. */
const MAX_TAGS = 100;

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

/** The beginning of a ready message; null for one that is still to be read. */
export function headerOf(message: unknown): Buffer | null {
  if (typeof message === 'string') return Buffer.from(message.slice(0, MAX_HEADER));
  return Buffer.isBuffer(message) ? message.subarray(0, MAX_HEADER) : null;
}

/** The subject of a ready message; null for one in encoded words, which is not decoded here. */
export function plainSubject(mime: Buffer): string | null {
  const subject = fieldIn(mime, 'subject');
  return subject === null || subject.includes('=?') ? null : subject;
}

export const subjectOf = (text: string | null): string | null => (text === null ? null : oneLine(text));
