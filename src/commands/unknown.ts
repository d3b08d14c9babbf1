import { domainOf } from '../core/address.ts';
import { readReply } from '../core/classify/reply.ts';
import type { Plan } from '../core/delivery.ts';
import type { Ms } from '../core/time.ts';
import type { Decision } from '../core/verdict.ts';
import { type Failure, undetermined } from '../store/inspect.ts';
import type { Store } from '../store/open.ts';
import { printable } from './terminal.ts';

/** A reply that no rule knows, as often as it came. */
export type UnknownReply = {
  count: number;
  reply: string;
  domains: string[];
  /** What was done about it, and what came of that. */
  done: string[];
  /** Valid as it is; it only puts into a rule what is done anyway. */
  rule: { name: string; match: string; code?: number; cause: 'undetermined'; decision: Decision };
  deliveries: string[];
};

const MOST = 5_000;

export async function unknownReplies(store: Store, since: Ms): Promise<UnknownReply[]> {
  const groups = new Map<string, Failure[]>();
  for (const failure of await undetermined(store, since, MOST)) {
    const { code, enhanced, text } = readReply(failure.fact.bounce ?? {});
    const key = JSON.stringify([code, enhanced, text]);
    groups.set(key, [...(groups.get(key) ?? []), failure]);
  }
  const bySize = [...groups.values()].sort((a, b) => b.length - a.length);
  return bySize.flatMap((group, index) => replyOf(group, index + 1) ?? []);
}

function replyOf(group: readonly Failure[], number: number): UnknownReply | null {
  const first = group[0];
  if (!first) return null;
  const { bounce, plan } = first.fact;
  const prepared = readReply(bounce ?? {});
  // A rule needs words to look for; a bare code has none, and a rule for it would be one for everything.
  const match = prepared.text.slice(0, 80).trim();
  return {
    count: group.length,
    reply: printable(saidIn(first)).slice(0, 300) || 'nothing was said',
    domains: [...new Set(group.map(({ view }) => domainOf(view.recipient)))].slice(0, 5),
    done: doneIn(group),
    rule: {
      name: `reply ${number}`,
      match: match === '' ? 'the words that tell this reply' : match,
      ...(prepared.code === null ? {} : { code: prepared.code }),
      cause: 'undetermined',
      decision: DECISION[plan ?? 'stop'],
    },
    deliveries: [...new Set(group.map(({ view }) => view.id))].slice(0, 5),
  };
}

/** Code and words; most words begin with the code. */
function saidIn({ fact: { bounce } }: Failure): string {
  const words = bounce?.message || bounce?.description || '';
  const codes = [bounce?.code, bounce?.enhancedCode].filter((code) => code && !words.includes(String(code)));
  return [...codes, words].join(' ');
}

const DECISION: Record<Plan, Decision> = {
  retry: 'retry_new_ip',
  wait: 'retry_later',
  switch: 'switch_provider',
  stop: 'give_up_no_suppress',
};

const DID: Record<Plan, string> = {
  retry: 'sent again',
  wait: 'sent again after a longer wait',
  switch: 'sent through the secondary',
  stop: 'not sent again',
};

/** `sent again: 3 delivered, 1 queued`. */
function doneIn(group: readonly Failure[]): string[] {
  const byPlan = new Map<Plan, Map<string, number>>();
  for (const { view, fact } of group) {
    const plan = fact.plan ?? 'stop';
    const states = byPlan.get(plan) ?? new Map<string, number>();
    states.set(view.delivery.state, (states.get(view.delivery.state) ?? 0) + 1);
    byPlan.set(plan, states);
  }
  return [...byPlan].map(([plan, states]) => {
    const ends = [...states].map(([state, count]) => `${count} ${state}`).join(', ');
    return `${DID[plan]}: ${ends}`;
  });
}
