import { wordsOf } from './pattern.ts';
import { plainLetters, type Reply } from './reply.ts';
import { CONFIDENCE_OF, type Layer, type Rule } from './rule.ts';
import { wordFinder } from './words.ts';

export type LayeredRule = Rule & { layer: Layer };
export type Match = { rule: LayeredRule; words: string };
export type Matcher = (reply: Reply) => Match | null;

type Ready = { rule: LayeredRule; pattern: RegExp | null; unless: RegExp | null };

/** The first rule, in the order given, that holds for a reply. */
export function matcherOf(rules: readonly LayeredRule[]): Matcher {
  const ready = rules.flatMap(readyOf);
  const words = ready.map(({ pattern }) => (pattern === null ? null : wordsOf(pattern.source)));
  const finder = wordFinder(words.flatMap((set, owner) => (set ?? []).map((word): [string, number] => [word, owner])));
  const always = new Uint32Array(Math.ceil(ready.length / 32));
  words.forEach((set, owner) => {
    if (set === null) mark(always, owner);
  });
  const marked = new Uint32Array(always.length);
  return (reply) => {
    marked.set(always);
    finder.mark(reply.text, marked);
    return firstOf(ready, marked, reply);
  };
}

/** One matcher for each alternative of the pattern: the smaller they are, the more of them can be skipped. */
function readyOf(rule: LayeredRule): Ready[] {
  const unless = rule.unless === undefined ? null : compiled([rule.unless].flat().join('|'));
  if (rule.pattern === undefined) return [{ rule, pattern: null, unless }];
  return [rule.pattern].flat().map((pattern) => ({ rule, pattern: compiled(pattern), unless }));
}

/** \S, \D, \W and \B must keep their case. */
const compiled = (pattern: string): RegExp =>
  new RegExp(pattern.replace(/\\.|[^\\]+/gs, (part) => (part.startsWith('\\') ? part : plainLetters(part))));

function mark(bits: Uint32Array, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31));
}

function firstOf(ready: readonly Ready[], marked: Uint32Array, reply: Reply): Match | null {
  for (let block = 0; block < marked.length; block++) {
    let bits = marked[block] ?? 0;
    while (bits !== 0) {
      const lowest = 31 - Math.clz32(bits & -bits);
      bits &= bits - 1;
      const candidate = ready[block * 32 + lowest];
      const words = candidate === undefined ? null : wordsThatHold(candidate, reply);
      if (candidate !== undefined && words !== null) return { rule: candidate.rule, words };
    }
  }
  return null;
}

const MOST_EVIDENCE = 160;

function wordsThatHold({ rule, pattern, unless }: Ready, reply: Reply): string | null {
  const condition = conditionThatHolds(rule, reply);
  if (condition === null) return null;
  const found = pattern?.exec(reply.text);
  if (pattern && !found) return null;
  if (unless?.test(reply.text)) return null;
  return found ? found[0].trim().slice(0, MOST_EVIDENCE) : condition;
}

/** The words by which the conditions hold, when all of them do; null otherwise. */
function conditionThatHolds(rule: Rule, reply: Reply): string | null {
  let words = '';
  if (rule.codes) {
    if (reply.code === null || !rule.codes.includes(reply.code)) return null;
    words = `${reply.code}`;
  }
  if (rule.enhanced) {
    const { enhanced } = reply;
    if (enhanced === null || !rule.enhanced.some((wanted) => isCode(enhanced, wanted))) return null;
    words = enhanced;
  }
  if (rule.reasons) {
    if (!rule.reasons.includes(reply.reason)) return null;
    words = reply.reason;
  }
  if (rule.provider && !rule.provider.some((part) => reply.provider.includes(part) || reply.text.includes(part)))
    return null;
  if (rule.domain && reply.domain !== rule.domain && !reply.domain.endsWith(`.${rule.domain}`)) return null;
  return words;
}

/** "x.1.1" stands for 4.1.1 and 5.1.1; "5.7.*" for all of them. */
function isCode(enhanced: string, wanted: string): boolean {
  const rest = wanted.slice(1);
  if (wanted[0] !== 'x' && wanted[0] !== enhanced[0]) return false;
  return rest.endsWith('*') ? enhanced.startsWith(rest.slice(0, -1), 1) : enhanced.slice(1) === rest;
}

export const confidenceOf = (rule: LayeredRule): number => rule.confidence ?? CONFIDENCE_OF[rule.layer];
