import { randomUUID } from 'node:crypto';
import { MAX_LINE } from './limits.ts';

/** Printable ASCII without angle brackets, which stand around it on the wire and nowhere else. */
const ID = /^[!-;=?-~]+$/;
const BRACKETED = /<([!-;=?-~]+)>/;

/** A Message-Id that somebody gives us, with or without its angle brackets; null when it is none. */
export function readMessageId(given: string): string | null {
  return idOrNull(given.trim().replace(/^<(.*)>$/s, '$1'));
}

/** The Message-Id in a header field of that name, which may hold comments beside it. */
export function messageIdInField(value: string): string | null {
  return idOrNull(BRACKETED.exec(value)?.[1] ?? value.trim());
}

/** One that nobody has used before. */
export function newMessageId(domain: string): string {
  return `${randomUUID().replaceAll('-', '')}@${domain}`;
}

const idOrNull = (text: string): string | null => (text.length <= MAX_LINE && ID.test(text) ? text : null);
