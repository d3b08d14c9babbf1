import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { disarm } from '../../../src/base/csv.ts';
import { STATES } from '../../../src/core/delivery.ts';
import { figuresOf, groupsOf } from '../../../src/core/figures/figures.ts';
import type { Summary } from '../../../src/core/figures/summary.ts';
import { CAUSES } from '../../../src/core/verdict.ts';
import { ALERT_WORDS } from '../../../src/core/words/alerts.ts';
import { shortReason } from '../../../src/core/words/reasons.ts';
import { summaryCsv } from '../../../src/tell/summary/csv.ts';
import { curesCsv, curesText } from '../../../src/tell/summary/cures.ts';
import { summaryFile } from '../../../src/tell/summary/file.ts';
import { curesJson, summaryJson } from '../../../src/tell/summary/json.ts';
import { letterOf } from '../../../src/tell/summary/letter.ts';
import { summaryText } from '../../../src/tell/summary/text.ts';
import { place, RETRY, sample, summaries, sumsOf } from './support.ts';

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

test('no reason is cut in the text, however long it is', () => {
  for (const reason of [...CAUSES, 'not_confirmed', 'silent_deferred', 'secondary_exhausted']) {
    const retries = [{ ...RETRY, cause: reason, n: 3 }];
    const sums = sumsOf('mg.example.com', 'notice', Array(20).fill(3), reason);
    const summary: Summary = {
      ...{ ...sample(), troubles: [], groups: groupsOf(sums), total: { ...figuresOf(sums), retries } },
      places: [{ ...place('outlook.com'), cause: reason, retries }],
      lost: [{ recipient: 'ann@example.net', subject: null, class: 'notice', state: 'abandoned', reason }],
    };
    const text = summaryText(summary);
    assert.doesNotMatch(`${text}${curesText(summary)}`, /…/);
    assert.ok(text.replace(/\s+/g, ' ').includes(`abandoned: ${shortReason(reason)} (no subject)`), text);
  }
});

test('an outage is told in the words of its alert, and no name of the program is', async () => {
  const kinds = [
    'account_refused',
    'reconciler_silent',
    'webhooks_silent',
    'schedule_switched',
    'clock_wrong',
    'peer_silent',
    'events_webhook_failing',
  ] as const;
  for (const kind of kinds) {
    const summary = { ...sample(), troubles: [{ kind, since: Date.UTC(2026, 10, 21), detail: 'As seen.' }] };
    const mail = await letterOf(summary);
    for (const told of [summaryText(summary), mail.text, mail.html]) {
      const plain = told.replace(/\s+/g, ' ').replaceAll('&#39;', "'");
      assert.ok(plain.includes(`${ALERT_WORDS[kind].headline(1)}. As seen.`), plain);
      assert.doesNotMatch(plain, new RegExp(kind.replace('_', '.')));
    }
    const { outages } = summaryJson(summary) as { outages: { kind: string }[] };
    assert.deepEqual(
      outages.map((o) => o.kind),
      [kind],
    );
  }
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
