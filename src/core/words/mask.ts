import { safeLine, shortened } from '../safe-text.ts';

const HIDDEN = '(address)';
/** Also in the forms in which servers wrap one address in another: bob=40example.com, bob%40example.com. */
const ADDRESS = /[^\s<>"'(),;:[\]]{1,320}(?:@|%40|=40)[^\s<>"'(),;:[\]]{1,320}/gi;

/** A server's reply as an example for many: one line, and nothing in it that names the recipient or quotes the subject. */
export function maskReply(reply: string, recipient: string, subject: string | null): string {
  const local = recipient.slice(0, Math.max(0, recipient.lastIndexOf('@')));
  let text = safeLine(reply).replace(ADDRESS, HIDDEN);
  if (subject !== null && subject.trim().length > 3) text = replaceAll(text, subject.trim(), '(subject)');
  text = local.length > 2 ? replaceAll(text, local, HIDDEN) : replaceWord(text, local);
  return shortened(text.replace(/\s+/g, ' ').trim(), 300);
}

/** A subject in which a code may stand, without it: whatever has a digit in it. A code of letters alone can not be told from words. */
export const withoutCodes = (subject: string): string =>
  subject.replace(/[\p{L}\p{M}\p{N}]*\p{Nd}[\p{L}\p{M}\p{N}]*/gu, '•••');

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const replaceAll = (text: string, what: string, by: string): string =>
  text.replace(new RegExp(escaped(what), 'gi'), () => by);
const replaceWord = (text: string, word: string): string =>
  word === '' ? text : text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${escaped(word)}(?![\\p{L}\\p{N}])`, 'giu'), HIDDEN);
