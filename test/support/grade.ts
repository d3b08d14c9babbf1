import { fleschKincaid } from 'flesch-kincaid';
import { syllable } from 'syllable';

/**
 * The reading level of a text as a grade of US schools (Flesch and Kincaid). What is there to be copied and not to be read
 * counts as one plain word: a command, a call of the API, an address, an id, a setting, a point of time, a length of time.
 */
export function gradeOf(text: string): number {
  const read = COPIED.reduce((all, copied) => all.replace(copied, 'this'), text);
  const words = read.match(/[\p{L}\p{N}'’-]+/gu) ?? [];
  const sentences = read.match(/[.!?:](?:\s|$)/g) ?? [];
  const syllables = words.reduce((sum, word) => sum + syllable(word), 0);
  return fleschKincaid({ sentence: Math.max(1, sentences.length), word: words.length, syllable: syllables });
}

const COPIED: readonly RegExp[] = [
  /\bhoming [a-z]+(?: (?:--[a-z-]+|<[a-z]+>|[0-9A-Z]{26}|\S+@\S+))*/g,
  /\b(?:GET|POST|DELETE) \/\S+/g,
  /\S+@\S+/g,
  /\b[0-9A-Z]{26}\b/g,
  /\b[A-Z]+(?:_[A-Z]+)+\b/g,
  /\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)? UTC/g,
  /\d+ (?:ms|s|min|h|d)(?: \d+ (?:s|min|h))?\b/g,
];

/** The sentences of a text, one by one. */
export const sentencesOf = (text: string): string[] =>
  text
    .split(/(?<=[.!?])\s+(?=[A-Z"'(])/)
    .map((one) => one.trim())
    .filter((one) => one !== '');
