import type { FactOf, State } from '../core/delivery.ts';
import type { Plan } from '../core/plan.ts';
import { replyWords } from '../core/reply-words.ts';
import { safeLine, shortened } from '../core/safe-text.ts';
import type { Decision } from '../core/verdict.ts';
import { planWords } from '../core/words/plans.ts';
import { readReply } from './engine/reply.ts';

/** A reply that no rule knows, and what it was about. */
export type Heard = { delivery: string; domain: string; state: State; fact: FactOf<'reported'> };

/** A wording that no rule knows, as often as it came. */
export type Unclear = {
  count: number;
  /** One of them as it was, without control characters. */
  reply: string;
  domains: string[];
  /** What was done about it, and what came of that. */
  done: string[];
  /** A rule that can be used as it is. It only does what is done anyway, until somebody changes it. */
  rule: { name: string; match: string; code?: number; cause: 'undetermined'; decision: Decision };
  deliveries: string[];
};

/** Groups replies that differ in numbers, names and addresses alone; the most frequent first. */
export function unclearReplies(heard: readonly Heard[]): Unclear[] {
  const groups = new Map<string, Heard[]>();
  for (const one of heard) {
    const { code, enhanced, text } = readReply(one.fact.bounce ?? {});
    const key = JSON.stringify([code, enhanced, text.replace(NUMBER, '0')]);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  const bySize = [...groups.values()].sort((a, b) => b.length - a.length);
  return bySize.flatMap((group, index) => summed(group, index + 1) ?? []);
}

/** Numbers and the ids that servers add to their replies: words with a digit in them. */
const NUMBER = /[\w-]*\d[\w-]*/g;

function summed(group: readonly Heard[], number: number): Unclear | null {
  const [first] = group;
  if (!first) return null;
  const { bounce, plan } = first.fact;
  const { code, text } = readReply(bounce ?? {});
  return {
    count: group.length,
    reply: shortened(safeLine(replyWords(bounce)), 300) || 'nothing was said',
    domains: [...new Set(group.map((h) => h.domain))].slice(0, 5),
    done: doneIn(group),
    rule: {
      name: `reply ${number}`,
      match: matchFor(text),
      ...(code === null ? {} : { code }),
      cause: 'undetermined',
      decision: plan === null ? 'retry_later' : DECISION[plan],
    },
    deliveries: [...new Set(group.map((h) => h.delivery))].slice(0, 5),
  };
}

/** The longest part without a number: words that the next reply of this kind will have as well. */
function matchFor(text: string): string {
  const stretches = text.split(NUMBER).map((part) => part.slice(0, 80).replace(/^[^\p{L}<]+|[^\p{L}>]+$/gu, ''));
  const longest = stretches.reduce((best, part) => (part.length > best.length ? part : best), '');
  // A code alone has no words to look for, and a rule for it would hold for every reply.
  return /\p{L}/u.test(longest) ? longest : 'the words that tell this reply';
}

const DECISION: Record<Plan, Decision> = {
  retry: 'retry_new_ip',
  wait: 'retry_later',
  switch: 'switch_provider',
  stop: 'give_up_no_suppress',
};

/** `sent again: 3 delivered, 1 queued`. */
function doneIn(group: readonly Heard[]): string[] {
  const byWay = new Map<string, Map<string, number>>();
  for (const { state, fact } of group) {
    const way = planWords(fact.plan);
    const states = byWay.get(way) ?? new Map<string, number>();
    byWay.set(way, states.set(state, (states.get(state) ?? 0) + 1));
  }
  return [...byWay].map(
    ([way, states]) => `${way}: ${[...states].map(([state, count]) => `${count} ${state}`).join(', ')}`,
  );
}
