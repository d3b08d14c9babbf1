import { HomingError } from './homing-error.ts';
import type { MessageData } from './types.ts';

export const invalid = (words: string): HomingError => new HomingError('invalid', words);

export const isText = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';

export function checkMessage(domain: string, data: MessageData): void {
  if (!isText(domain)) throw invalid('a message needs the domain that it is sent from, as the first argument');
  if (typeof data !== 'object' || data === null) throw invalid('a message needs its data, as the second argument');
}

/** The id or the key, of which one must be given. A number is taken as text, as in `v:homing-key`. */
export function checkWhich(which: unknown): { id: string } | { key: string } {
  const { id, key } = (which ?? {}) as { id?: unknown; key?: unknown };
  const given = [id, key].filter((name) => name !== undefined).map(textOf);
  const [name] = given;
  if (given.length !== 1 || !isText(name)) throw invalid('cancel needs either { id } or { key }, as text');
  return key === undefined ? { id: name } : { key: name };
}

export function checkKey(given: unknown): string {
  const key = textOf(given);
  if (!isText(key)) throw invalid('mayResend needs the key of a message, as text');
  return key;
}

const textOf = (value: unknown): unknown =>
  typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
