import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { causeWords, dedicatedIpWords, helpWords } from '../../../src/core/figures/cures.ts';
import { figuresOf, type Retry } from '../../../src/core/figures/figures.ts';
import { cureRate, repostsByCause, repostsOf } from '../../../src/core/figures/reposts.ts';
import type { Sum } from '../../../src/core/figures/sums.ts';

const retry = (
  n: number,
  result: Retry['result'],
  sendingIp: Retry['sendingIp'] = 'changed',
  over: Partial<Retry> = {},
): Retry => ({ cause: 'ip_block', attempt: 2, sendingIp, result, n, ...over });

test('re-posts are told by attempt and by whether the sending IP changed, and what Mailgun refused is none', () => {
  const r = repostsOf([
    retry(6, 'arrived'),
    retry(2, 'failed'),
    retry(3, 'failed', 'same', { attempt: 3 }),
    retry(1, 'open', 'unknown', { attempt: 3 }),
    retry(9, 'refused', 'unknown', { attempt: 4 }),
  ]);
  assert.deepEqual([r.made, r.cured, r.failed, r.open], [12, 6, 5, 1]);
  assert.deepEqual(
    r.byAttempt.map((a) => [a.attempt, a.made, a.cured]),
    [
      [2, 8, 6],
      [3, 4, 0],
    ],
  );
  const { changed, same, unknown } = r.sendingIp;
  assert.deepEqual([changed.made, changed.cured, same.made, same.cured, unknown.made], [8, 6, 3, 0, 1]);
  assert.deepEqual([cureRate(r), cureRate(unknown)], [6 / 11, null]);
});

test('the causes come with most re-posts first', () => {
  const causes = repostsByCause([retry(1, 'failed'), retry(3, 'arrived', 'same', { cause: 'greylisted' })]);
  assert.deepEqual(
    causes.map((c) => [c.cause, c.reposts.made]),
    [
      ['greylisted', 3],
      ['ip_block', 1],
    ],
  );
});

test('whether re-posting helps is answered with the figures, and not from a handful', () => {
  assert.equal(helpWords([retry(8, 'arrived'), retry(2, 'failed')]), 'Yes: 8 of 10 re-posts (80.0 %) arrived.');
  assert.match(helpWords([retry(20, 'failed')]), /^Hardly: 0 of 20 re-posts \(0 %\) arrived/);
  assert.match(helpWords([retry(1, 'arrived')]), /^Too few to say: 1 of 1 re-post /);
  assert.match(
    helpWords([retry(6, 'arrived'), retry(2, 'failed'), retry(3, 'open')]),
    /^Yes: 6 of 11 re-posts \(75\.0 % of those that ended; 3 still open\) arrived/,
  );
  assert.match(helpWords([]), /nobody can say/);
});

const CAUSES = ['ip_block', 'ip_config', 'greylisted', 'mailbox_full'];

const sum = (what: Sum['what'], value: string, n: number): Sum => ({
  ...{ domain: 'd', class: 'notice', ms: 0 },
  ...{ what, value, n },
});

/** Figures in which each retry is one of a delivery that failed by its cause at first. */
const figures = (retries: readonly Retry[], deliveries = 100) =>
  figuresOf([
    sum('deliveries', '', deliveries),
    ...retries.flatMap((r) => [
      sum('cause', `${r.cause} ${r.result === 'arrived' ? 'cured' : 'lost'} retried`, r.n),
      sum('retry', `${r.cause} ${r.attempt} ${r.sendingIp} ${r.result}`, r.n),
    ]),
  ]);

test('each cause says whether re-posts and a dedicated IP would help, with its figures', () => {
  const says = (...retries: Retry[]) => causeWords(figures(retries))[0] ?? '';
  assert.equal(
    says(retry(18, 'arrived'), retry(2, 'failed'), retry(1, 'arrived', 'same'), retry(9, 'failed', 'same')),
    'After "our IP is blocked" 19 of 30 re-posts (63.3 %) arrived, 18 of 20 from another IP address, 1 of 10 from the ' +
      'same one: re-posting helps; the address makes the difference, so a dedicated IP is worth a try.',
  );
  assert.match(says(retry(20, 'failed')), /does not help here; a dedicated IP is worth a try\.$/);
  assert.match(
    says(retry(20, 'failed', 'same', { cause: 'mailbox_full' })),
    /0 of 20 from the same one: .*no case for a dedicated IP/,
  );
  const alike = { cause: 'greylisted' };
  assert.match(
    says(retry(9, 'arrived', 'same', alike), retry(9, 'arrived', 'changed', alike)),
    /the address makes no difference/,
  );
});

test('the answer on a dedicated IP tells how re-posts from another address fared', () => {
  const retries = [retry(8, 'arrived'), retry(4, 'failed', 'same'), retry(2, 'arrived', 'same', { attempt: 3 })];
  assert.match(
    dedicatedIpWords(figures(retries)),
    /\(re-posts that arrived: 8 of 8 from another IP address, 2 of 6 from the same one\): a dedicated IP address is worth a try after "our IP is blocked", if/,
  );
});

test('a dedicated IP address is advised only where re-posts do not cure what is refused for the shared one', () => {
  const says = (deliveries: number, ...retries: Retry[]) => dedicatedIpWords(figures(retries, deliveries));
  assert.match(says(100, retry(10, 'failed')), /: a dedicated IP address is worth a try after "our IP is blocked"/);
  assert.match(says(10_000, retry(10, 'failed')), /: that is too little mail for a dedicated IP address to gain much/);
  assert.match(says(100, retry(10, 'arrived')), /: re-posts do the work, and a dedicated IP address would gain little/);
  assert.match(
    says(100, retry(6, 'arrived'), retry(6, 'arrived', 'same')),
    /: re-posts fare alike from any address, so/,
  );
  assert.match(says(100, retry(3, 'failed')), /: too few re-posts have ended to say/);
  assert.match(says(5), /nothing speaks for/);
  const greylisted = { cause: 'greylisted' };
  assert.match(
    says(100, retry(6, 'arrived', 'changed', greylisted), retry(6, 'failed', 'same', greylisted)),
    /^No delivery was refused for the sending IP address, but a dedicated IP address is worth a try after "greylisted"/,
  );
});

test('the answer on a dedicated IP and the sentences by cause never contradict each other', () => {
  const retries = fc.array(
    fc.record({
      cause: fc.constantFrom(...CAUSES),
      attempt: fc.integer({ min: 2, max: 4 }),
      sendingIp: fc.constantFrom('changed' as const, 'same' as const, 'unknown' as const),
      result: fc.constantFrom('arrived' as const, 'failed' as const, 'open' as const, 'refused' as const),
      n: fc.integer({ min: 1, max: 30 }),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(retries, fc.integer({ min: 1, max: 100_000 }), (list, more) => {
      const f = figures(
        list,
        list.reduce((all, r) => all + r.n, more),
      );
      const answer = dedicatedIpWords(f);
      const advised = causeWords(f).filter((words) => words.includes('a dedicated IP is worth a try'));
      const named = advised.map((words) => /^After (".*?")/.exec(words)?.[1] ?? '');
      assert.equal(/is worth a try after/.test(answer), advised.length > 0, answer);
      for (const cause of named) assert.ok(answer.includes(cause), answer);
    }),
    { numRuns: 500 },
  );
});
