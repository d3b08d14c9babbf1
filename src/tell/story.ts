import type { Log } from '../base/log.ts';
import type { Attempt, Fact } from '../core/delivery.ts';
import type { Turn } from '../core/turn.ts';

type Line = { level: 'info' | 'warn'; words: string; fields: Record<string, unknown> };

/**
 * Tells the story of each mail in the log: when it was taken, handed over, put off, delivered, bounced, sent again, given
 * up. By ids alone: who reads the log need not know who got mail.
 */
export const storyTo =
  (log: Log) =>
  (turns: readonly Turn[]): void => {
    for (const turn of turns) {
      const ids = { message: turn.messageId, delivery: turn.deliveryId };
      for (const { level, words, fields } of linesOf(turn)) log[level]({ ...ids, ...fields }, words);
    }
  };

function linesOf(turn: Turn): Line[] {
  const isQueued = turn.before === null && turn.facts.length === 0;
  const lines = turn.facts.flatMap((fact) => lineOf(fact, turn.after.attempts) ?? []);
  // An end that follows from what was reported is no fact of its own.
  const [was, state] = [turn.before?.state, turn.after.state];
  const hasFailed = state === 'failed' && was !== 'failed' && !turn.facts.some((f) => f.kind === 'ended');
  return [
    ...(isQueued ? [info('queued')] : []),
    ...lines,
    ...(hasFailed ? [info('failed, and is not tried again', { reason: turn.after.reason })] : []),
  ];
}

function lineOf(fact: Fact, attempts: readonly Attempt[]): Line | null {
  const { attempt } = 'attempt' in fact ? fact : { attempt: null };
  const provider = attempts.find((a) => a.number === attempt)?.claim.provider;
  switch (fact.kind) {
    case 'claimed':
      return info(CLAIMED[fact.role], {
        attempt,
        provider: fact.provider,
        way: fact.way,
        double: fact.double !== null,
      });
    case 'accepted':
      return info('accepted by the provider', { attempt, provider });
    case 'refused':
      return info('refused by the provider', { attempt, provider, why: fact.why });
    case 'unanswered':
      return info('left without an answer', { attempt, provider });
    case 'reported':
      return reportLine(fact);
    case 'held':
      return info('waits', { attempt, until: new Date(fact.until).toISOString(), why: fact.why });
    case 'ended':
      return { ...info(ENDED[fact.state], { attempt, reason: fact.reason }), level: LEVEL[fact.state] ?? 'info' };
    case 'reopened':
      return info('opened again', { attempt, round: fact.round });
    case 'asked':
    case 'noted':
      return null;
  }
}

const info = (words: string, fields: Record<string, unknown> = {}): Line => ({ level: 'info', words, fields });

const CLAIMED = {
  first: 'sent',
  retry: 'sent again',
  fallback: 'sent through the fallback',
} as const;

const ENDED: Record<Extract<Fact, { kind: 'ended' }>['state'], string> = {
  failed: 'failed, and is not tried again',
  abandoned: 'given up',
  expired: 'expired',
  cancelled: 'cancelled',
};

const LEVEL: Partial<Record<keyof typeof ENDED, 'warn'>> = { abandoned: 'warn', expired: 'warn' };

const REPORTED: Partial<Record<Extract<Fact, { kind: 'reported' }>['report'], string>> = {
  delivered: 'delivered',
  failed: 'bounced',
  rejected: 'rejected by the provider',
  deferred: 'put off by the recipient',
  complained: 'complained about',
  unsubscribed: 'unsubscribed',
};

function reportLine({
  report,
  provider,
  bounce,
  verdict,
  plan,
  suppress,
  foundBy,
}: Extract<Fact, { kind: 'reported' }>) {
  const words = REPORTED[report];
  if (words === undefined) return null;
  return info(words, {
    ...{ provider, foundBy },
    ...(bounce?.code ? { code: bounce.code } : {}),
    ...(verdict ? { cause: verdict.cause } : {}),
    ...(plan ? { plan } : {}),
    ...(suppress ? { suppressed: suppress } : {}),
  });
}
