import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addReportCommand } from '../../src/commands/report.ts';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { failed, seed, sent } from '../support/factory.ts';
import { database, runHere } from './support.ts';

const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

async function setup(t: TestContext) {
  const { store, url } = await database(t);
  const at = Math.floor(Date.now() / DAY) * DAY - DAY / 2;
  await seed(store, { createdAt: at, facts: [...sent(at), failed(at + MINUTE, 'stop')] }, at);
  const report = (...args: string[]) => runHere(addReportCommand, ['report', ...args], { DATABASE_URL: url });
  return { store, at, report };
}

test('without a date it tells of yesterday, in each format', async (t) => {
  const { at, report } = await setup(t);
  const text = await report();
  assert.deepEqual([text.code, text.err], [0, '']);
  assert.match(text.out, /^Delivery report {2}\w+, \d+ \w+ \d{4} \(UTC\)\n\n1 of 1 delivery did not arrive/);
  const json = JSON.parse((await report('--format', 'json')).out) as Record<string, Record<string, unknown>>;
  assert.deepEqual([json['period']?.['firstDay'], json['total']?.['deliveries']], [dayOf(at), 1]);
  assert.match((await report('--format', 'csv')).out, /"notice","failed",1\r\n/);
  assert.match((await report('--format', 'html')).out, /^<!doctype html>/);
});

test('a week, a range and a file to write to can be asked for', async (t) => {
  const { at, report } = await setup(t);
  const folder = mkdtempSync(join(tmpdir(), 'homing-report-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'week.json');
  const week = await report('--days', '7', '--json', '--output', file);
  assert.deepEqual([week.code, week.out], [0, '']);
  const written = JSON.parse(readFileSync(file, 'utf8')) as { period: { days: number }; total: { deliveries: number } };
  assert.deepEqual([written.period.days, written.total.deliveries], [7, 1]);
  const range = await report('--from', dayOf(at - 3 * DAY), '--to', dayOf(at - DAY), '--json');
  assert.equal((JSON.parse(range.out) as { total: { deliveries: number } }).total.deliveries, 0);
  const cures = await report('--cures');
  assert.match(cures.out, /Do we need a dedicated IP\?/);
});

test('a day to come and other impossible periods are refused with code 2 and a reason', async (t) => {
  const { report } = await setup(t);
  for (const [args, reason] of [
    [['--date', dayOf(Date.now() + 5 * DAY)], /has not come yet/],
    [['--date', '2026-02-30'], /expected a day like/i],
    [['--date', 'yesterday'], /expected a day like/i],
    [['--from', '2026-01-02', '--to', '2026-01-01'], /ends \(2026-01-01\) before it begins/],
    [['--days', '0'], /--days must be/],
    [['--timezone', 'Europe/Atlantis'], /no timezone/],
    [['--format', 'pdf'], /--format must be one of text, json, csv, html/],
    [['--check'], /--check goes with --rebuild/],
  ] as const) {
    const { code, err, out } = await report(...args);
    assert.deepEqual([code, out], [2, ''], args.join(' '));
    assert.match(err, reason);
  }
});

test('a rebuild says whether the figures agreed, mends them, and with --check only says so', async (t) => {
  const { store, report } = await setup(t);
  await report();
  assert.match(
    (await report('--rebuild')).out,
    /1 delivery of 1 day was counted\.\nThe figures agree with the facts\./,
  );
  await store.db('rollups').where({ what: 'state', span: DAY }).update({ n: 5 });
  const checked = await report('--rebuild', '--check', '--progress');
  assert.equal(checked.code, 1);
  assert.match(checked.out, /state failed: kept 5, counted 1/);
  assert.match(checked.err, /counting: day 1 of 1, 1 deliveries/);
  assert.equal((await report('--rebuild')).code, 0);
  assert.equal((await report('--rebuild', '--check')).code, 0);
});
