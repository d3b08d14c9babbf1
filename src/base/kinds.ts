import { CronExpressionParser } from 'cron-parser';
import { validate as isNodeCron } from 'node-cron';
import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { keyIn } from './signed-webhook.ts';

/** A kind of setting. `read` gives null for what it does not understand; `wrong` says what it expects. */
export const readAs = <T>(read: (text: string) => T | null, wrong: string) =>
  z.string().transform((text, ctx) => {
    const value = read(text);
    if (value !== null) return value;
    ctx.addIssue({ code: 'custom', message: wrong });
    return z.NEVER;
  });

export const text = z.string();
export const choice = <const Names extends readonly [string, ...string[]]>(...names: Names) => z.enum(names);

const partsOf = (all: string): readonly string[] =>
  Object.freeze(
    all
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

/** A comma list; empty parts are left out. */
export const list = z.string().transform(partsOf);

/** A comma list of which every part is read in the same way. */
export const listOf = <T>(read: (part: string) => T | null, wrong: string) =>
  readAs((all): readonly T[] | null => {
    const values = partsOf(all).map(read);
    return values.includes(null) ? null : Object.freeze(values.filter((value) => value !== null));
  }, wrong);

export const duration = readAs(parseDuration, 'must be a duration such as 250ms, 30s, 4m, 8h or 3d');

/** For what can't be nothing: a lease, a life, a pause. */
export const length = duration.refine((ms) => ms > 0, 'must be longer than nothing');

const DURATIONS = 'must be a comma list of durations such as 30s,60s';
export const durations = listOf(parseDuration, DURATIONS).refine((all) => all.length > 0, DURATIONS);

/** `10%`, `0.1` or `0`; below one. */
export const share = readAs((text) => {
  const [, number, percent] = /^(\d{1,2}(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const value = Number(number) / (percent ? 100 : 1);
  return number !== undefined && value < 1 ? value : null;
}, 'must be a share such as 10% or 0');

/** A whole number. */
export const count = (least = 1, most = 1_000_000_000) =>
  readAs((text) => (/^\d{1,10}$/.test(text) ? Number(text) : null), 'must be a whole number').refine(
    (n) => n >= least && n <= most,
    `must be a whole number from ${least} to ${most}`,
  );

const isWebUrl = (text: string): boolean => /^https?:\/\/[^\s]+$/.test(text) && URL.canParse(text);

/** Nothing is asked with a user and a password in its URL; in one that is shown they would be told to everybody. */
export const webUrl = readAs((text) => (isWebUrl(text) ? text : null), 'must be an http(s) URL').refine((text) => {
  const { username, password } = new URL(text);
  return username === '' && password === '';
}, 'must not have a user or a password in it');

export const webUrls = listOf(
  (part) => (webUrl.safeParse(part).success ? part : null),
  'must be a comma list of http(s) URLs without a user and a password',
);

const isBrokerUrl = (text: string): boolean => /^amqps?:\/\/[^\s,]+$/.test(text) && URL.canParse(text);

export const brokerUrl = readAs(
  (text) => (isBrokerUrl(text) ? text : null),
  'must be a URL such as amqps://user:password@host:5671/vhost, with what is special in it as %40',
);

/** Of a queue or an exchange. Those that begin with `amq.` are the broker's own; 255 bytes are the most (AMQP 0-9-1, 1.1). */
export const brokerName = readAs(
  (text) => (/^(?!amq\.)[\w.:-]{1,200}$/.test(text) ? text : null),
  'must have up to 200 letters, digits and . : _ -, and not begin with amq.',
);

export const webhookKeys = listOf(
  (part) => (keyIn(part) === null ? null : part),
  'must be whsec_ and 24 to 64 bytes in base64, or a comma list of these',
);

/**
 * A secret is sent in a header or hashed byte by byte, so an invisible character in it is always a mistake of copying.
 */
const readSecret = (text: string): string | null =>
  /^[\x21-\x7e]*$/.test(text) && !/^["'`]|["'`]$/.test(text) ? text : null;

export const secret = readAs(readSecret, 'must be plain ASCII without spaces, line ends and quotes');
export const secrets = listOf(readSecret, 'must be a comma list of plain ASCII without spaces, line ends and quotes');

/** Whether somebody can guess it: it is short, a word of an example, one short piece over and over, or digits in their order. */
export const isGuessable = (secret: string, least: number): boolean =>
  secret.length < least || isPlaceholder(secret) || isPatterned(secret);

/** `period` is the longest piece that counts as short. */
export function isPatterned(secret: string, period = 4): boolean {
  if (new Set(secret).size < 5) return true;
  const repeats = (length: number) => secret === secret.slice(0, length).repeat(secret.length).slice(0, secret.length);
  if (Array.from({ length: period }, (_, n) => n + 1).some(repeats)) return true;
  return '12345678901234567890'.repeat(4).includes(secret) || '01234567890123456789'.repeat(4).includes(secret);
}

/** Whether it is a word from an example, which no real key or token is. */
function isPlaceholder(secret: string): boolean {
  const word = secret.toLowerCase().replace(/^(?:key|sign|token)-/, '');
  return PLACEHOLDER.test(word) || word === SAMPLE_OF_MAILGUN;
}

const PLACEHOLDER =
  /^(?:change.?(?:me|this).*|replace.?me.*|secret|password|passwd|example|placeholder|todo|test(?:ing)?|dummy|none|null|undefined|(?:your|my)[-_].*|x+|\*+|\.+|<.*>|\$\{?\w+\}?)$/;

/** In Mailgun's documentation, and in many a copy of its examples. */
const SAMPLE_OF_MAILGUN = '3ax6xnjp29jd6fds4gc373sgvjxteol0';

/**
 * Five or six fields. Two libraries read it, and both must accept it: node-cron says what is due next, and cron-parser
 * what was due last.
 */
export const cron = readAs(
  (text) => (isCron(text) ? text : null),
  'must be a cron expression of five or six fields, days and months as numbers or three letters, such as 0 7 * * 1-5',
);

/**
 * A cron expression that both libraries also understand alike. With a day of the month and a day of the week, one of them
 * takes either day and the other only a day that is both.
 */
export const plainCron = cron.refine(isReadAlike, 'must not name days of the month and days of the week together');

function isCron(text: string): boolean {
  if (![5, 6].includes(text.trim().split(/\s+/).length) || !isNodeCron(text)) return false;
  try {
    CronExpressionParser.parse(text, { tz: 'UTC' }).next();
    return true;
  } catch {
    return false;
  }
}

function isReadAlike(text: string): boolean {
  const [ofMonth, , ofWeek] = text.trim().split(/\s+/).slice(-3);
  return [ofMonth, ofWeek].some((days) => days === '*' || days === '?');
}
