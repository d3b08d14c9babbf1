import { CLASSES, DEFAULT_CLASS, type MessageClass } from '../core/message-class.ts';
import { classOf } from '../mail/class.ts';
import { fieldIn } from '../mail/headers.ts';
import { readKey } from '../mail/key.ts';
import { MAX_HEADER, MAX_KEY } from '../mail/limits.ts';
import { oneLine } from '../mail/line.ts';

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
