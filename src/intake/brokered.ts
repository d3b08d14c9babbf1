import type { Message } from 'amqplib';
import { AppError } from '../base/errors.ts';
import { refused } from './form-checks.ts';
import { MAX_CALL, type RawCall } from './read-call.ts';

/** Bytes of a body: files in JSON take a third more. */
const MAX_BROKERED = Math.ceil((MAX_CALL * 4) / 3);

/** Whoever publishes, and through which connection: a message that is moved from queue to queue stays the same. */
const CALLER = 'broker';

/**
 * The call that a message of a broker is: a form of Mailgun's as its body, JSON unless its content type says otherwise. Its
 * message id says which one it is, and its header `domain` which domain it is for. Throws `AppError`.
 */
export function callIn({ content, properties }: Message): RawCall {
  const headers = textsIn(properties.headers ?? {});
  const idempotencyKey = plain(properties.messageId) || headers('idempotency-key');
  // Brokers deliver a message again after any trouble, and it would be sent again.
  if (idempotencyKey === '') throw refused('message_id is missing: without it a message can not be told from another');
  const contentType = plain(properties.contentType) || 'application/json';
  if (plain(properties.contentEncoding) && !/^(?:utf-?8|identity)$/i.test(plain(properties.contentEncoding)))
    throw new AppError('unsupported', 'content_encoding is not supported');
  if (content.length > MAX_BROKERED) throw new AppError('too_large', `the body is larger than ${MAX_BROKERED} bytes`);
  const domain = headers('domain');
  if (domain === '' && !/^\s*application\/json\b/i.test(contentType)) throw refused("the header 'domain' is missing");
  // The bytes may go over to another thread, and are needed here once more.
  const raw = Buffer.from(content);
  return { path: `broker ${domain}`, domain, contentType, raw, caller: CALLER, idempotencyKey, mayBeJson: true };
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : '');

/** By their names in small letters. */
const textsIn = (headers: Record<string, unknown>) => {
  const all = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), plain(value)]));
  return (name: string): string => all.get(name) ?? '';
};
