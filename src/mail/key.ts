import { MAX_KEY } from './limits.ts';

/**
 * Halves of surrogate pairs would become one and the same character in a database, and so two keys one; bytes that are not
 * UTF-8 have become it already.
 */
const KEY = new RegExp(`^[^\\p{Cc}\\p{Cs}\\ufffd]{1,${MAX_KEY}}$`, 'u');

/** The key by which an application may name its message later; null for what can't be one. */
export function readKey(given: unknown): string | null {
  if (typeof given === 'number' || typeof given === 'bigint') return String(given);
  const key = typeof given === 'string' ? given.trim() : '';
  return KEY.test(key) ? key : null;
}
