import type { Verdict } from '../core/verdict.ts';
import { confidenceOf, type Matcher, matcherOf } from './engine/matcher.ts';
import { type Reply, type ReplyInput, readReply } from './engine/reply.ts';
import { DECISION_OF } from './engine/rule.ts';
import { BEFORE_OWN, RULES } from './rules/index.ts';

/** An operator's own rules, compiled (own-rules.ts). */
export type OwnRules = Matcher;

const beforeOwn = matcherOf(BEFORE_OWN);
const builtIn = matcherOf([...BEFORE_OWN, ...RULES]);

/**
 * What a failure means and what is best done about it. These are asked in turn, and the first that answers decides:
 * Mailgun's suppressions, the own rules of the operator, known tags of providers, who is named and what is said of it,
 * the enhanced code, the reply code.
 */
export function classify(input: ReplyInput, ownRules?: OwnRules): Verdict {
  const reply = readReply(input);
  const match = (ownRules ? (beforeOwn(reply) ?? ownRules(reply)) : null) ?? builtIn(reply);
  if (match === null) return judged(reply, UNKNOWN);
  const { rule, words } = match;
  return judged(reply, {
    cause: rule.cause,
    decision: rule.decision ?? DECISION_OF[rule.cause],
    confidence: confidenceOf(rule),
    evidence: { rule: rule.name, words },
  });
}

const UNKNOWN: Verdict = {
  cause: 'undetermined',
  decision: DECISION_OF.undetermined,
  confidence: 0.1,
  evidence: { rule: 'nothing-known', words: '' },
};

/** After a temporary failure the provider retries, whatever the cause. */
function judged(reply: Reply, verdict: Verdict): Verdict {
  return reply.temporary ? { ...verdict, decision: 'retry_later' } : verdict;
}
