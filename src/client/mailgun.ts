import { maskAddress } from '../core/address.ts';
import { readMessageId } from '../mail/message-id.ts';
import type { RefusalTold } from './record.ts';
import type { MailgunLike } from './types.ts';
import { isWrapped, marked } from './wrapped.ts';

/** Hands a call over, tracked; `call` performs it with the data that is to go on the wire. */
export type SendTracked = (
  domain: string,
  data: object,
  call: (wire: Record<string, unknown>) => Promise<unknown>,
) => Promise<unknown>;

type Create = (domain: string, data: unknown) => Promise<unknown>;

/** The client with `messages.create` tracked. The client itself is not changed; proxies stand before it. */
export function wrapMailgun<T extends MailgunLike>(client: T, send: SendTracked): T {
  if (isWrapped(client)) return client;
  const proxies = new WeakMap<object, object>();
  const proxyOf = (messages: MailgunLike['messages']): object => {
    const known = proxies.get(messages);
    if (known) return known;
    const made = wrapMessages(messages, send);
    proxies.set(messages, made);
    return made;
  };
  const get = (target: T, name: string | symbol, receiver: unknown): unknown => {
    const value: unknown = Reflect.get(target, name, receiver);
    return name === 'messages' && isObject(value) ? proxyOf(value as MailgunLike['messages']) : value;
  };
  return new Proxy(client, marked(get));
}

function wrapMessages(messages: MailgunLike['messages'], send: SendTracked): object {
  let last: { original: unknown; tracked: Create } | null = null;
  return new Proxy(messages, {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (name !== 'create' || typeof value !== 'function') return value;
      // Gives the same function each time, as a method is one function.
      if (last?.original !== value) last = { original: value, tracked: trackedCreate(target, value as Create, send) };
      return last.tracked;
    },
  });
}

function trackedCreate(messages: object, original: Create, send: SendTracked): Create {
  return function create(domain, data) {
    const call = (wire: unknown) => Reflect.apply(original, messages, [domain, wire]) as Promise<unknown>;
    // Passed on at once, because mailgun.js refuses such data synchronously.
    if (!isObject(data) || Object.keys(data).length === 0) return call(data);
    return send(domain, data, call);
  };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Codes of errors after which nothing can have left: the server was not found, or nobody listened there. */
const NO_WAY = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** Codes of axios and Node, which mailgun.js gives as the message of a network error. */
const CODE = /^[A-Z][A-Z0-9_]*$/;

/**
 * The refusal that an error of mailgun.js means, or null when nobody knows whether Mailgun took the message. Network
 * errors and time-outs come as status 400 with a code for a message, and after a 408 or a 5xx the mail may have gone
 * out. ERR_BAD_REQUEST is a real answer, whose status line has no words.
 */
export function refusalIn(error: unknown): RefusalTold | null {
  if (!isObject(error) || !('status' in error) || !('message' in error)) return null;
  const { status, message } = error;
  if (typeof status !== 'number' || typeof message !== 'string') return null;
  if (status < 400 || status === 408 || status >= 500) return null;
  if (status === 400 && NO_WAY.has(message)) return { notSent: true, message };
  const isCode = message === '' || (CODE.test(message) && message !== 'ERR_BAD_REQUEST');
  if (status === 400 && isCode) return null;
  const details = 'details' in error && typeof error.details === 'string' ? error.details : '';
  // Mailgun may quote an address, and the record of an error is no place for one.
  return { status, message: (details || message).replace(/[^\s<>"'(),;:]+@[^\s<>"'(),;:]+/g, maskAddress) };
}

/** What an error says that is no refusal: a status after which the mail may have gone out, or nothing. */
export function noAnswerIn(error: unknown): { status?: number } {
  const status: unknown = isObject(error) && 'status' in error ? error.status : null;
  return typeof status === 'number' && status >= 500 && status < 600 ? { status } : {};
}

/** The Message-Id in Mailgun's answer, without angle brackets; null when it has none that we can use. */
export const answeredId = (result: unknown): string | null =>
  isObject(result) && 'id' in result && typeof result.id === 'string' ? readMessageId(result.id) : null;

/** Whether Mailgun took it. A 200 without an id came from something else. */
export function isAccepted(result: unknown): boolean {
  return isObject(result) && 'id' in result && typeof result.id === 'string' && result.id !== '';
}
