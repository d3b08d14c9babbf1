// Makes figures of what was counted. The same for what happens now and for what is played again.
import { groupBy } from '../group.ts';
import type { MessageClass } from '../message-class.ts';
import type { Ms } from '../time.ts';
import { type Reading, type Scope, scopeKey } from './judge.ts';
import type { Dimension, Measure, Rule } from './rule.ts';
import type { Signs } from './signs.ts';

/** To whom mail goes, and whose it is. */
export type Party = { domain: string; class: MessageClass; receiver: string };

/** What was counted of the mail of a scope. */
export type SignSum = { scope: Scope; signs: Signs };

/** A mail of late: when it was wanted, and when it arrived; null where it has not. */
export type Recent = Party & { wantedAt: Ms; arrivedAt: Ms | null };

/** Mail that waits to be handed over. */
export type Waiting = Party & { n: number };

/** Those measures that are made of counts of what happened. */
const COUNTED: Partial<Record<Measure, (signs: Signs) => { bad: number; of: number }>> = {
  bounced: ({ arrived = 0, bounced = 0 }) => ({ bad: bounced, of: arrived + bounced }),
  complained: ({ arrived = 0, complained = 0 }) => ({ bad: complained, of: arrived }),
  delivered: ({ arrived = 0, lost = 0 }) => ({ bad: lost, of: arrived + lost }),
  deferred: ({ arrived = 0, bounced = 0, deferred = 0 }) => ({ bad: deferred, of: arrived + bounced + deferred }),
  polled: ({ heard = 0, found = 0 }) => ({ bad: found, of: heard + found }),
};

export const isCounted = ({ measure }: Rule): boolean => COUNTED[measure] !== undefined;

/** The scope of a mail by the dimensions of a rule; null where the rule is not about it. */
export function scopeOf({ per, only }: Pick<Rule, 'per' | 'only'>, party: Party): Scope | null {
  const isMine = (name: Dimension) => only[name] === null || only[name] === party[name];
  if (!isMine('domain') || !isMine('class') || !isMine('receiver')) return null;
  const part = (name: Dimension) => (per.includes(name) || only[name] !== null ? party[name] : '');
  return { domain: part('domain'), class: part('class'), about: part('receiver') };
}

export function readSigns(rule: Rule, sums: readonly SignSum[]): Reading[] {
  const figure = COUNTED[rule.measure];
  if (!figure) return [];
  return sums.map(({ scope, signs }) => {
    const { bad, of } = figure(signs);
    const share = of === 0 ? 0 : Math.min(1, bad / of);
    return { scope, of, bad, value: rule.measure === 'delivered' ? 1 - share : share };
  });
}

/** What of the mail that should have arrived by now has not, of each scope. */
export function readOverdue(rule: Rule, mails: readonly Recent[], now: Ms): Reading[] {
  const to = now - rule.within;
  const judged = mails.filter(({ wantedAt }) => wantedAt >= to - rule.window && wantedAt < to);
  return byScope(rule, judged).map(([scope, mine]) => {
    const late = mine.filter(({ wantedAt, arrivedAt }) => arrivedAt === null || arrivedAt - wantedAt > rule.within);
    return { scope, of: mine.length, bad: late.length, value: late.length / mine.length };
  });
}

/** How long one of twenty mails of late took, or longer. */
export function readSlow(rule: Rule, mails: readonly Recent[], now: Ms): Reading[] {
  const arrived = mails.flatMap((mail) =>
    mail.arrivedAt !== null && mail.wantedAt >= now - rule.window
      ? [{ ...mail, took: Math.max(0, mail.arrivedAt - mail.wantedAt) }]
      : [],
  );
  return byScope(rule, arrived).map(([scope, mine]) => {
    const took = mine.map((mail) => mail.took).sort((a, b) => a - b);
    const value = took[Math.ceil(0.95 * took.length) - 1] ?? 0;
    return { scope, of: took.length, bad: took.filter((one) => one >= value).length, value };
  });
}

export const readBacklog = (rule: Rule, waiting: readonly Waiting[]): Reading[] =>
  byScope(rule, waiting).map(([scope, mine]) => {
    const n = mine.reduce((sum, one) => sum + one.n, 0);
    return { scope, of: n, bad: n, value: n };
  });

function byScope<T extends Party>(rule: Rule, mails: readonly T[]): [Scope, [T, ...T[]]][] {
  const mine = mails.flatMap((mail) => {
    const scope = scopeOf(rule, mail);
    return scope === null ? [] : [{ scope, mail }];
  });
  return [...groupBy(mine, ({ scope }) => scopeKey(scope)).values()].map((group) => {
    const [first, ...rest] = group;
    return [first.scope, [first.mail, ...rest.map(({ mail }) => mail)]];
  });
}
