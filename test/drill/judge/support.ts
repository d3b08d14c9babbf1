import { MINUTE, SECOND } from '../../../src/core/time.ts';
import type { Look, Seen, Sent, Turn } from '../../../src/drill/judge/seen.ts';
import type { Status } from '../../../src/drill/judge/status.ts';
import { MORNING } from '../../support/clock.ts';

export const FROM = MORNING + 10 * SECOND;
export const UNTIL = FROM + 60 * SECOND;
export const at = (seconds: number): number => FROM + seconds * SECOND;

export const status = (state = 'on_time'): Status => {
  const sentence = state === 'on_time' ? 'Emails are on time.' : 'Reset emails go out by our backup route right now.';
  const fine = { state: 'on_time', delaySeconds: null, sentence: 'on time' };
  const since = state === 'on_time' ? null : new Date(FROM).toISOString();
  return { sentence, since, classes: { access: { ...fine, state }, notice: fine, bulk: fine } };
};

export const look = (seconds: number, state?: string): Look => ({
  ...{
    askedAt: at(seconds),
    at: at(seconds),
    status: status(state),
    waiting: 0,
    standing: { state: 'healthy', share: 100 },
  },
});

export const mail = (messageId: string | null, seconds: number, over: Partial<Sent> = {}): Sent => ({
  ...{ messageId, to: 'ann@example.net', class: 'notice', phase: seconds < 0 ? 'before' : 'during' },
  ...{ isTraced: false, at: at(seconds), took: 20, ...over },
});

type Told = Seen & { turns: readonly Turn[] };

const TURNS: readonly Turn[] = [
  { at: at(3), state: 'down', share: 0 },
  ...[1, 5, 25].map((share, n) => ({ at: at(70 + n), state: 'recovering', share })),
  { at: at(75), state: 'healthy', share: 100 },
];

/** All went as it should: a reset by the secondary, three notices that waited, and a return in steps. */
export function good(): Told;
export function good(over: Partial<Seen>): Seen;
export function good(over: Partial<Seen> = {}): Seen {
  return {
    ...{ fault: 'down', startedAt: MORNING, endedAt: at(120), faultFrom: FROM, faultUntil: UNTIL, timeline: [] },
    limits: {
      accept: 2 * SECOND,
      notice: 30 * SECOND,
      failover: 30 * SECOND,
      status: 10 * SECOND,
      calm: MINUTE,
      drainRate: 2,
    },
    sent: [mail('reset', 0, { class: 'access', isTraced: true }), ...[1, 2, 3].map((n) => mail(`n${n}`, n))],
    arrivals: [
      { messageId: 'reset', at: at(4), by: 'secondary' },
      ...[80, 81, 82].map((seconds, n) => ({ messageId: `n${n + 1}`, at: at(seconds), by: 'mailgun' as const })),
    ],
    swallowed: new Set(),
    looks: [look(-5), ...[5, 15, 30, 59].map((s) => look(s, 'backup')), look(70, 'backup'), look(90)],
    turns: TURNS,
    ...over,
  };
}
