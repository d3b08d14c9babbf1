import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { addDrillCommand } from '../../src/commands/drill.ts';
import { addReportCommand } from '../../src/commands/report.ts';
import { lastDrill } from '../../src/store/drills.ts';
import { database, runHere } from './support.ts';

const drill = (args: string[], env: Record<string, string> = {}) => runHere(addDrillCommand, ['drill', ...args], env);

test('without a simulated Mailgun or a domain and recipients for drills it refuses, and says why', async () => {
  const staging = ['--primary', 'down', '--staging'];
  const cases: [string[], RegExp, Record<string, string>?][] = [
    [['--primary', 'down'], /never played with the mail of users: choose --demo .* or --staging/],
    [['--primary', 'down', '--demo', '--staging'], /exclude each other/],
    [
      ['--primary', 'up', '--demo'],
      /--primary must be one of down, slow, accepts-but-silent, 5xx-after-accept, 429, half/,
    ],
    [['--primary', 'down', '--demo', '--for', '1s'], /--for must be from 5s to 12h/],
    [['--primary', 'down', '--demo', '--for', 'long'], /--for must be a duration/],
    [staging, /needs DRILL_DOMAIN/],
    [[...staging, '--domain', 'drill.example.com'], /needs DRILL_RECIPIENTS/],
    [[...staging, '--domain', 'drill.example.com', '--to', 'me'], /--to must be a comma list of addresses/],
    [[...staging, '--domain', 'drill.example.com', '--to', 'me@example.com'], /needs MAILGUN_API_KEY/],
    [
      [...staging, '--domain', 'MG.example.com', '--to', 'me@example.com'],
      /mg\.example\.com is in MAILGUN_DOMAIN: .* a domain for drills alone/,
      { MAILGUN_API_KEY: 'key-3f1c', MAILGUN_DOMAIN: 'other.example.com,mg.example.com' },
    ],
    [['--primary', 'down', '--demo', '--output', '/dev/null/drills'], /no reports can be written: ENOTDIR/],
    [['--primary', 'down'], /needs DRILL_DOMAIN/, { DRILL_AGAINST: 'staging' }],
  ];
  for (const [args, says, env] of cases) {
    const { code, out, err } = await drill(args, env);
    assert.deepEqual([code, out], [2, ''], args.join(' '));
    assert.match(err, says);
  }
});

test('it tells of the drill as it goes, writes its reports, and the daily report tells of it later', async (t) => {
  const { store, url, folder } = await database(t);
  const reports = mkdtempSync(join(tmpdir(), 'homing-drill-cli-'));
  t.after(() => rmSync(reports, { recursive: true, force: true }));
  const env = { DATABASE_URL: url, DRILL_FOR: '5s' };
  const { code, out } = await drill(['--demo', '--primary', 'slow', '--output', reports], env);
  const last = await lastDrill(store, Date.now());
  assert.equal(code === 0, last?.passed, out);
  assert.match(out, /^\+ [\d.]+ m?s +drill +all is well.*\n(.*\n)*\+ .* Mailgun becomes slow: .*\s+for 5 s\n/);
  assert.match(out, /\n {2}(passed|FAILED) +exactly one copy arrived: /);
  assert.equal(readdirSync(reports).length, 3);
  for (const line of out.split('\n').filter((one) => !one.includes(reports))) assert.ok(line.length <= 80, line);
  const told = await runHere(addReportCommand, ['report'], env);
  assert.match(
    told.out.replace(/\s+/g, ' '),
    /The last drill \(slow, against a simulated Mailgun\) of \d{4}-.* UTC (passed|failed: )/,
  );
  assert.deepEqual(
    readdirSync(folder).filter((name) => !name.startsWith('homing.sqlite')),
    [],
  );
});
