// Summaries as they may come about, with hostile words in them.
import fc from 'fast-check';
import { STATES } from '../../../src/core/delivery.ts';
import { figuresOf, groupsOf } from '../../../src/core/figures/figures.ts';
import type { Summary } from '../../../src/core/figures/summary.ts';
import type { Sum } from '../../../src/core/figures/sums.ts';
import { CLASSES } from '../../../src/core/message-class.ts';
import { periodOf } from '../../../src/tell/summary/days.ts';

const NOW = Date.UTC(2026, 10, 22, 7);
const NASTY = '<script>alert(1)</script>"\'&=cmd|x';

const word = fc.oneof(
  fc.constantFrom('mg.example.com', NASTY, 'a'.repeat(90)),
  fc.string({ minLength: 1, maxLength: 40 }),
);
const count = fc.nat(3_000_000);
const causes = fc.constantFrom('ip_block', 'recipient_unknown', 'server_misconfig', 'undetermined', 'something_new');

export const summaries: fc.Arbitrary<Summary> = fc
  .record({
    domains: fc.uniqueArray(word, { maxLength: 4 }),
    kinds: fc.array(fc.constantFrom(...CLASSES), { minLength: 4, maxLength: 4 }),
    n: fc.array(count, { minLength: 20, maxLength: 20 }),
    cause: causes,
    example: fc.option(word),
    days: fc.constantFrom(1, 7, 30),
  })
  .map(({ domains, kinds, n, cause, example, days }) => {
    const sums = domains.flatMap((domain, i) => sumsOf(domain, kinds[i] ?? 'notice', n, cause));
    const first = `2026-11-${String(22 - Math.min(days, 21)).padStart(2, '0')}`;
    const total = figuresOf(sums);
    return {
      period: periodOf(first, '2026-11-21', 'Europe/Zurich', NOW),
      generatedAt: NOW,
      total,
      groups: groupsOf(sums),
      before: total,
      week: figuresOf([]),
      weekShare: 1 / 7,
      places: domains.map((d) => ({
        recipientDomain: d,
        cause,
        failed: 9,
        retried: 4,
        cured: 2,
        saved: 1,
        lost: 1,
        example,
        retries: total.retries,
      })),
      alertsSent: 1,
      drill: null,
      backups: null,
      troubles: domains.map((d) => ({ kind: 'webhooks_silent' as const, since: NOW, detail: d })),
      daily: dailyOf(n),
      lost: domains.map((d) => ({ recipient: d, subject: example, class: 'notice', state: 'failed', reason: cause })),
    };
  });

export function sumsOf(domain: string, kind: Sum['class'], n: number[], cause: string): Sum[] {
  const one = (what: Sum['what'], value: string, count = 0, ms = 0): Sum => ({
    domain,
    class: kind,
    what,
    value,
    n: count,
    ms,
  });
  const states = STATES.map((s, i) => one('state', s, n[i]));
  const all = states.reduce((sum, s) => sum + s.n, 0);
  return [
    ...states,
    ...[one('messages', '', all), one('deliveries', '', all), one('outcome', 'first_try', n[5])],
    ...[one('outcome', 'retry_2', n[11]), one('outcome', 'fallback', n[6]), one('time', '20', 3, 60_000)],
    ...[one('reason', `failed ${cause}`, n[7]), one('cause', `${cause} cured retried`, n[12])],
    ...[one('retry', `${cause} 2 changed arrived`, n[13]), one('found', 'webhook', n[14]), one('found', 'poll', n[15])],
  ];
}

export const RETRY = { cause: 'ip_block', attempt: 2, sendingIp: 'changed', result: 'arrived' } as const;

export const place = (recipientDomain: string) => ({
  ...{ recipientDomain, cause: 'ip_block', failed: 9, retried: 4, cured: 2, saved: 1, lost: 1 },
  example: null,
});

const dailyOf = (n: number[]) =>
  Array.from({ length: 30 }, (_, i) => {
    const at = (k: number) => n[(i + k) % n.length] ?? 0;
    return {
      day: `2026-11-${String(i + 1).padStart(2, '0')}`,
      firstTry: at(0),
      afterRetry: at(1),
      byFallback: at(2),
      lost: at(3),
      other: at(4),
    };
  });

export const sample = (): Summary =>
  fc.sample(
    summaries.filter((r) => r.groups.length > 2 && r.lost !== null),
    { numRuns: 1, seed: 7 },
  )[0] as Summary;
