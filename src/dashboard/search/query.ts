// What is typed into the search box, made into what the store is asked for.
import { distance } from 'fastest-levenshtein';
import { DateTime } from 'luxon';
import { isId } from '../../base/ids.ts';
import { canonicalAddress } from '../../core/address.ts';
import { STATES } from '../../core/delivery.ts';
import { CLASSES } from '../../core/message-class.ts';
import { REASONS } from '../../core/reason.ts';
import { causeTerm, tagTerm, wordsIn, wordTerm } from '../../core/search-terms.ts';
import type { Ms } from '../../core/time.ts';
import type { Filter } from '../../store/messages/lists.ts';
import { TEXTS } from '../desk/texts.ts';
import { LONGEST, type Token, tokensIn } from './tokens.ts';

export type Query = {
  filter: Filter;
  /** What may be the id of a message or of a delivery, or a Message-Id. */
  named: string | null;
  /** An address that stands by itself: of a recipient, if it is no Message-Id. */
  address: string | null;
  tokens: readonly Token[];
  /** What is wrong with it; nothing is searched for then. */
  problems: string[];
};

export type Terms = {
  timezone: string;
  /** Those whom mail is handed to. */
  providers: readonly string[];
};

const says = TEXTS.search.problems;

type Reading = { query: Query; terms: Terms; words: string[] };
type Qualifier = (value: string, reading: Reading) => string | null;

/** Sets a part of the filter; says what is wrong. */
const put = (reading: Reading, part: Filter): null => {
  Object.assign(reading.query.filter, part);
  return null;
};

const oneOf =
  <K extends 'state' | 'class'>(name: K, all: readonly NonNullable<Filter[K]>[]): Qualifier =>
  (value, reading) => {
    const known = all.find((one) => one === value.toLowerCase());
    return known === undefined ? says.value(name, value, nearest(value, all), all) : put(reading, { [name]: known });
  };

const moment =
  (name: 'since' | 'until', word: string): Qualifier =>
  (value, reading) => {
    const at = momentIn(value, reading.terms.timezone);
    return at === null ? says.moment(word, value) : put(reading, { [name]: at });
  };

/** All qualifiers, in the order of the help. */
const QUALIFIERS: Record<string, Qualifier> = {
  to: (value, reading) => {
    const address = canonicalAddress(value);
    return address === null ? says.address(value) : put(reading, { recipient: address });
  },
  state: oneOf('state', STATES),
  class: oneOf('class', CLASSES),
  cause: (value, reading) => {
    const cause = REASONS.find((one) => one === value.toLowerCase());
    return cause === undefined
      ? says.value('cause', value, nearest(value, REASONS), null)
      : put(reading, { cause: causeTerm(cause) });
  },
  provider: (value, reading) => {
    const { providers } = reading.terms;
    const meant = providers.includes(value) ? null : nearest(value, providers);
    return meant === null ? put(reading, { provider: value }) : says.value('provider', value, meant, providers);
  },
  tag: (value, reading) => {
    const { filter } = reading.query;
    return put(reading, { terms: [...(filter.terms ?? []), tagTerm(value)] });
  },
  subject: (value, reading) => {
    reading.words.push(value);
    return null;
  },
  key: (value, reading) => put(reading, { key: value }),
  id: (value, { query }) => {
    query.named = value.replace(/^<|>$/g, '');
    return null;
  },
  after: moment('since', 'after'),
  before: moment('until', 'before'),
};

const QUALIFIER_NAMES = Object.keys(QUALIFIERS);

/** Of these there may be several; all of them have to hold. */
const SEVERAL: ReadonlySet<string> = new Set(['subject', 'tag']);
/** Words and tags of one search. */
const MOST_TERMS = 12;

export function readQuery(search: string, terms: Terms): Query {
  const { tokens, strange } = tokensIn(search);
  const query: Query = { filter: {}, named: null, address: null, tokens, problems: strange.map(says.quote) };
  if (search.trim().length > LONGEST) query.problems.push(says.long(LONGEST));
  const reading: Reading = { query, terms, words: [] };
  const seen = new Set<string>();
  for (const token of tokens) {
    const problem = token.name === null ? readBare(token, reading) : readQualified(token, reading, seen);
    if (problem !== null) query.problems.push(problem);
  }
  addWords(reading);
  return query;
}

function readQualified({ name, value, text }: Token, reading: Reading, seen: Set<string>): string | null {
  const qualifier = name !== null && Object.hasOwn(QUALIFIERS, name) ? QUALIFIERS[name] : undefined;
  // Words of a subject have a colon behind them too, as in `Re: your order`.
  if (!qualifier && value === '' && text.endsWith(':')) return readBare({ name: null, value: text, text }, reading);
  if (name === null || !qualifier) return says.qualifier(name ?? '', nearest(name ?? '', QUALIFIER_NAMES));
  if (value === '') return says.empty(name);
  if (seen.has(name) && !SEVERAL.has(name)) return says.twice(name);
  seen.add(name);
  return qualifier(value, reading);
}

/** What says itself what it is, and words. */
function readBare({ value, text }: Token, reading: Reading): string | null {
  const { query } = reading;
  const name = /^<(.+)>$/.exec(value)?.[1] ?? (isId(value) ? value : null);
  const address = text.startsWith('"') ? null : canonicalAddress(value);
  if (name === null && address === null) {
    reading.words.push(value);
    return null;
  }
  if (query.named !== null || query.address !== null) return says.twice(name === null ? 'to' : 'id');
  if (name === null) query.address = address;
  else query.named = name;
  return null;
}

function addWords({ query, words }: Reading): void {
  for (const text of words) {
    const found = wordsIn(text);
    if (found.length === 0) query.problems.push(says.noWord(text));
    query.filter.terms = [...new Set([...(query.filter.terms ?? []), ...found.map(wordTerm)])];
  }
  if ((query.filter.terms?.length ?? 0) > MOST_TERMS) query.problems.push(says.words(MOST_TERMS));
}

/** A day, or a moment of it, by the clock of the pages. */
function momentIn(value: string, zone: string): Ms | null {
  if (!/^\d{4}-\d{2}-\d{2}(?:T[\d:.+Z-]{2,20})?$/i.test(value)) return null;
  const at = DateTime.fromISO(value.toUpperCase(), { zone });
  return at.isValid && at.toMillis() >= 0 ? at.toMillis() : null;
}

/** What was probably meant. */
function nearest(value: string, all: readonly string[]): string | null {
  const plain = value.toLowerCase().slice(0, 40);
  const [best] = all
    .map((one) => ({ one, slips: one.startsWith(plain) && plain.length > 2 ? 0 : distance(plain, one) }))
    .sort((a, b) => a.slips - b.slips);
  return best && best.slips <= Math.max(1, Math.floor(best.one.length / 3)) ? best.one : null;
}
