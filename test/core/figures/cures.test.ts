import assert from 'node:assert/strict';
import { test } from 'node:test';
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

test('each cause says whether re-posts and a dedicated IP would help, with its figures', () => {
  const says = (...retries: Retry[]) => causeWords(retries)[0] ?? '';
  assert.equal(
    says(retry(18, 'arrived'), retry(2, 'failed'), retry(1, 'arrived', 'same'), retry(9, 'failed', 'same')),
    'After "our IP is blocked" 19 of 30 re-posts (63.3 %) arrived, 18 of 20 from another IP address, 1 of 10 from the ' +
      'same one: re-posting helps; the address makes the difference, so a clean one of your own may help.',
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
  const sum = (what: Sum['what'], value: string, n: number): Sum => ({
    ...{ domain: 'd', class: 'notice', ms: 0 },
    ...{ what, value, n },
  });
  const figures = figuresOf([
    ...[sum('deliveries', '', 100), sum('state', 'delivered', 100), sum('cause', 'ip_block cured retried', 10)],
    ...[sum('retry', 'ip_block 2 changed arrived', 8), sum('retry', 'ip_block 2 same failed', 4)],
    sum('retry', 'ip_block 3 same arrived', 2),
  ]);
  assert.match(dedicatedIpWords(figures), /\(re-posts that arrived: 8 of 8 from another IP address, 2 of 6 from the/);
});
