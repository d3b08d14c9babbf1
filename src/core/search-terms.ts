// By which words mail is searched: those of its subject, its tags, and what went wrong with it.
import type { Fact } from './delivery.ts';
import type { MessageClass } from './message-class.ts';
import { isReason, refusedFor } from './reason.ts';
import { tagsKept } from './tags.ts';

/** Words of a subject that are kept, and characters of each. */
const MOST_WORDS = 30;
const LONGEST_WORD = 40;
/** Characters of a term, as its column has them. */
const LONGEST_TERM = 140;

/** Languages without blanks between words have words as well. */
const SEGMENTER = new Intl.Segmenter('en', { granularity: 'word' });
const ACCENTS = /(?<=[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}])\p{Mn}+/gu;

/** The words of a text as they are compared: without case and accents. An address is no word: nobody is found by it. */
export function wordsIn(text: string): string[] {
  const plain = text
    .replace(/(?<!\S)\S*@\S*/g, ' ')
    .normalize('NFKD')
    .replace(ACCENTS, '')
    .toLowerCase()
    .normalize('NFC');
  const words = new Set<string>();
  for (const { segment, isWordLike } of SEGMENTER.segment(plain)) {
    if (isWordLike) words.add(cut(segment, LONGEST_WORD));
    if (words.size === MOST_WORDS) break;
  }
  return [...words];
}

const cut = (text: string, most: number): string => [...text].slice(0, most).join('');
const term = (kind: string, text: string): string => cut(`${kind}:${text}`, LONGEST_TERM);

export const wordTerm = (word: string): string => term('w', word);
export const tagTerm = (tag: string): string => term('t', tag.toLowerCase());
export const causeTerm = (reason: string): string => term('c', reason);
export const providerTerm = (name: string): string => term('p', name);

/** A code that lets somebody in may stand in the subject. Nobody is to find out what it is by searching for it. */
const isCodeLike = (word: string): boolean => /\p{Nd}/u.test(word);

type Named = { subject: string | null; tags: string | null; class: MessageClass };

/** The terms of a message as a whole. */
export function messageTerms({ subject, tags, class: kind }: Named): string[] {
  const words = wordsIn(subject ?? '').filter((word) => kind !== 'access' || !isCodeLike(word));
  return [...new Set([...words.map(wordTerm), ...tagsKept(tags).map(tagTerm)])];
}

/** Most mail goes through it: to find what it has, its name needs no list. */
export const HOME_PROVIDER = 'mailgun';

/** What a fact adds to the terms of its delivery. */
export function factTerms(fact: Fact): string[] {
  switch (fact.kind) {
    case 'claimed':
      return providerTerms(fact.provider);
    case 'refused':
      return [causeTerm(refusedFor(fact.why))];
    case 'unanswered':
      return [causeTerm('unanswered')];
    case 'reported':
      return fact.verdict ? [causeTerm(fact.verdict.cause)] : [];
    case 'ended':
      return [causeTerm(fact.reason)];
    case 'held':
      return [causeTerm(fact.why)];
    default:
      return [];
  }
}

/** Those of a delivery as it stands. */
export const standingTerms = ({ reason, provider }: { reason: string | null; provider: string | null }): string[] => [
  // The words of a person who cancelled it stand there as well.
  ...(reason !== null && isReason(reason) ? [causeTerm(reason)] : []),
  ...(provider === null ? [] : providerTerms(provider)),
];

const providerTerms = (name: string): string[] => (name === HOME_PROVIDER ? [] : [providerTerm(name)]);
