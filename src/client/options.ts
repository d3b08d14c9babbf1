import { LARGEST_FILE } from '../base/own-file.ts';
import { MINUTE } from '../core/time.ts';
import { HomingError } from './homing-error.ts';
import type { CommonOptions, RemoteOptions } from './types.ts';

/** Throws one error that names all that is wrong. */
export function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new HomingError('invalid', problems.join('; '), problems);
}

/** The options as an object: JavaScript callers may have forgotten them. */
export function given<T extends object>(options: T | undefined, wanted: string): T {
  if (typeof options === 'object' && options !== null) return options;
  throw new HomingError('invalid', `createHoming needs its options: ${wanted}`);
}

/** What is wrong with the address of a daemon. */
export function remoteProblems({ url, token }: RemoteOptions): string[] {
  return [
    ...(typeof url === 'string' && isPlainUrl(url) ? [] : ['url must be an http(s) URL, such as http://homing:8080']),
    ...(typeof token === 'string' && isToken(token.trim()) ? [] : [TOKEN]),
  ];
}

const TOKEN = 'token must be one of the API_TOKENS of the daemon: plain ASCII without spaces and quotes';

/** Nothing but where the daemon is: a query would become a part of no path, and a user of no request. */
function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username + password + search + hash === '';
}

/** What cannot stand in a header would fail at each request, and look like an outage. */
const isToken = (text: string): boolean => /^[\x21-\x7e]+$/.test(text) && !/^["'`]|["'`]$/.test(text);

/** What is wrong with the options that do not say where the records go. */
export function commonProblems({ patience, spool, mailgun, classes, onProblem }: CommonOptions): string[] {
  const problems: string[] = [];
  const check = (value: unknown, isRight: boolean, words: string) => {
    if (value !== undefined && !isRight) problems.push(words);
  };
  check(patience, isNumber(patience, 0, MINUTE), `patience must be a number of ms from 0 to ${MINUTE}`);
  check(spool, typeof spool === 'object' && spool !== null, 'spool must be an object, such as { folder }');
  const { folder, maxBytes, pause } = spool ?? {};
  check(folder, typeof folder === 'string' && folder !== '', 'spool.folder must be the path of a folder');
  check(maxBytes, isNumber(maxBytes, 0, LARGEST_FILE), `spool.maxBytes must be a number from 0 to ${LARGEST_FILE}`);
  check(pause, isNumber(pause, 1, LONGEST_PAUSE), `spool.pause must be a number of ms from 1 to ${LONGEST_PAUSE}`);
  check(mailgun, typeof mailgun?.messages?.create === 'function', 'mailgun must be a client of mailgun.js');
  const areNames = Array.isArray(classes) && classes.every((name) => typeof name === 'string');
  check(classes, areNames, 'classes must be a list of names');
  check(onProblem, typeof onProblem === 'function', 'onProblem must be a function');
  return problems;
}

/** Timers of Node can not be longer. */
const LONGEST_PAUSE = 2 ** 31 - 1;

const isNumber = (value: unknown, least: number, most: number): boolean =>
  typeof value === 'number' && value >= least && value <= most;
