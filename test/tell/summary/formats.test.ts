import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { chromium } from 'playwright-core';
import { STATES } from '../../../src/core/delivery.ts';
import { figuresOf, groupsOf } from '../../../src/core/figures/figures.ts';
import type { Summary } from '../../../src/core/figures/summary.ts';
import type { Sum } from '../../../src/core/figures/sums.ts';
import { CLASSES } from '../../../src/core/message-class.ts';
import { disarm, summaryCsv } from '../../../src/tell/summary/csv.ts';
import { curesCsv, curesText } from '../../../src/tell/summary/cures.ts';
import { periodOf } from '../../../src/tell/summary/days.ts';
import { summaryFile } from '../../../src/tell/summary/file.ts';
import { curesJson, summaryJson } from '../../../src/tell/summary/json.ts';
import { letterOf } from '../../../src/tell/summary/letter.ts';
import { summaryText } from '../../../src/tell/summary/text.ts';

const NOW = Date.UTC(2026, 10, 22, 7);
const NASTY = '<script>alert(1)</script>"\'&=cmd|x';

const word = fc.oneof(
  fc.constantFrom('mg.example.com', NASTY, 'a'.repeat(90)),
  fc.string({ minLength: 1, maxLength: 40 }),
);
const count = fc.nat(3_000_000);
const causes = fc.constantFrom('ip_block', 'recipient_unknown', 'server_misconfig', 'undetermined', 'something_new');

const summaries: fc.Arbitrary<Summary> = fc
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
      troubles: domains.map((d) => ({ kind: 'webhooks_silent', since: NOW, detail: d })),
      daily: dailyOf(n),
      lost: domains.map((d) => ({ recipient: d, subject: example, class: 'notice', state: 'failed', reason: cause })),
    };
  });

function sumsOf(domain: string, kind: Sum['class'], n: number[], cause: string): Sum[] {
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

const RETRY = { cause: 'ip_block', attempt: 2, sendingIp: 'changed', result: 'arrived' } as const;

const place = (recipientDomain: string) => ({
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

const sample = (): Summary =>
  fc.sample(
    summaries.filter((r) => r.groups.length > 2 && r.lost !== null),
    { numRuns: 1, seed: 7 },
  )[0] as Summary;

test('text keeps to 80 columns and one meaning a character, whatever is in it', () => {
  fc.assert(
    fc.property(summaries, (r) => {
      for (const line of `${summaryText(r)}\n${curesText(r)}`.split('\n')) {
        assert.ok([...line].length <= 80, line);
        assert.doesNotMatch(line, /\p{Cc}/u);
      }
    }),
    { numRuns: 60 },
  );
});

test('colours are there for a terminal and nowhere else', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  const colour = /\x1b\[/;
  assert.match(summaryText(sample(), { colours: true }), colour);
  assert.doesNotMatch(summaryText(sample()), colour);
});

test('the states of the JSON sum to its deliveries, in all and in each group', () => {
  type Part = { deliveries: number; states: Record<string, number> };
  fc.assert(
    fc.property(summaries, (r) => {
      const { total, groups } = JSON.parse(JSON.stringify(summaryJson(r))) as { total: Part; groups: Part[] };
      for (const part of [total, ...groups])
        assert.equal(
          Object.values(part.states).reduce((a, b) => a + b, 0),
          part.deliveries,
        );
    }),
    { numRuns: 30 },
  );
});

test('no cell of the CSV runs in a spreadsheet, and each domain and class has a row for every state', () => {
  const armed = ['=1+1', '+1', '-1', '@x', '\t=1', '\r=1', '\0x', '＝1', ' =1', '"=1+1";', "'=1"];
  for (const cell of armed) assert.match(String(disarm(cell)), /^'/);
  assert.equal(disarm(412), 412);
  assert.equal(disarm('mg.example.com'), 'mg.example.com');
  const r = sample();
  const lines = summaryCsv(r).trimEnd().split('\r\n');
  assert.equal(lines[0]?.charCodeAt(0), 0xfeff);
  assert.equal(lines.length, 1 + r.groups.length * STATES.length);
  for (const line of lines.slice(1)) assert.match(line, /^"2026-11-\d\d","2026-11-21","Europe\/Zurich","(?![=+@-])/);
});

test('the rows of the cures sum to all re-posts, whichever recipient domains are listed', () => {
  const r = sample();
  const total = { ...r.total, retries: [{ ...RETRY, n: 50 }] };
  const listed = [7, 3].map((n, i) => ({ ...place(`=${i}.example`), retries: [{ ...RETRY, n }] }));
  const lines = curesCsv({ ...r, total, places: listed })
    .trimEnd()
    .split('\r\n')
    .slice(1);
  assert.deepEqual(
    lines.map((line) => line.split(',').slice(3).join(' ')),
    [
      '"\'=0.example" "ip_block" 2 "changed" 7 7 0 0',
      '"\'=1.example" "ip_block" 2 "changed" 3 3 0 0',
      '"(others)" "ip_block" 2 "changed" 40 40 0 0',
    ],
  );
});

test('the JSON of the cures tells re-posts in all, by cause, by attempt, by sending IP and by recipient domain', () => {
  const r = sample();
  const retries = [{ ...RETRY, n: 5 }, { ...RETRY, attempt: 3, sendingIp: 'same', result: 'failed', n: 3 } as const];
  const places = [{ ...place('outlook.com'), retries }];
  const json = JSON.parse(JSON.stringify(curesJson({ ...r, total: { ...r.total, retries }, places })));
  const all = json.reposts;
  assert.deepEqual([all.made, all.cured, all.curedPercentOfEnded], [8, 5, 62.5]);
  assert.deepEqual([all.sendingIpChanged.made, all.sendingIpChanged.cured], [5, 5]);
  assert.deepEqual([all.sendingIpSame.made, all.sendingIpSame.cured], [3, 0]);
  assert.deepEqual([all.byCause[0].cause, all.byCause[0].byAttempt.length], ['ip_block', 2]);
  assert.deepEqual([json.byPlace[0].reposts.made, json.byPlace[0].retries], [8, undefined]);
  assert.match(json.sentences[0], /5 of 8 re-posts/);
});

test('the page holds no script, no handler and no address outside itself, whatever the data say', async () => {
  const page = await summaryFile(sample());
  assert.doesNotMatch(page, /<script|javascript:|\son\w+=|<link|<iframe|@import|url\(/i);
  const sources = [...page.matchAll(/(?:src|srcset|href)="([^"]*)"/g)].map((m) => m[1] ?? '');
  assert.ok(sources.length >= 12);
  for (const source of sources) assert.match(source, /^data:image\/png;base64,[A-Za-z0-9+/=]+$/);
});

test('each picture has its figures in words beside it', async () => {
  const r = sample();
  const page = await summaryFile(r);
  const alts = [...page.matchAll(/alt="([^"]*)"/g)].map((m) => m[1] ?? '');
  assert.equal(alts.length, 3);
  for (const alt of alts) assert.match(alt, /\d/);
  const last = r.daily.at(-1);
  assert.match(alts[0] ?? '', new RegExp(`30 Nov \\d+ .*${last?.lost} did not arrive`));
});

test('the mail shows each of its pictures and says the same in text', async () => {
  const { subject, text, html, pictures } = await letterOf({ ...sample(), lost: null });
  assert.match(subject, /^\[Homing\] \d+ of \d+ did not arrive/);
  assert.match(text, /did not arrive/);
  assert.equal(pictures.length, 6);
  for (const { cid, png } of pictures) {
    assert.ok(html.includes(`cid:${cid}`));
    assert.equal(Buffer.from(png, 'base64').subarray(1, 4).toString(), 'PNG');
  }
});

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((f) =>
  existsSync(f),
);

test('in a browser the page fits 320 and 1024 pixels, light and dark, and asks for nothing', {
  skip: CHROMIUM === undefined && !process.env['CI'] ? 'no chromium' : false,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-report-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'report.html');
  writeFileSync(file, await summaryFile(sample()));
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  t.after(() => browser.close());
  for (const width of [320, 1024]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      const requests: string[] = [];
      page.on('request', (r) => requests.push(r.url()));
      await page.goto(pathToFileURL(file).href);
      const seen = (await page.evaluate(
        `({ width: document.documentElement.scrollWidth, wide: [...document.querySelectorAll('td, th, h1, p')].filter((e) => e.scrollWidth > e.clientWidth + 1).length, drawn: [...document.images].every((i) => i.naturalWidth > 0), back: getComputedStyle(document.body).backgroundColor })`,
      )) as { width: number; wide: number; drawn: boolean; back: string };
      assert.equal(seen.width, width);
      assert.ok(seen.drawn);
      assert.equal(seen.back, colorScheme === 'dark' ? 'rgb(14, 17, 22)' : 'rgb(243, 245, 248)');
      assert.deepEqual(
        requests.filter((url) => !/^(file|data):/.test(url)),
        [],
      );
      await page.close();
    }
  }
});
