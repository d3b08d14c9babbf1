import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { addAlertsCommand } from '../../../src/commands/alerts.ts';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { failed, reported, seed } from '../../support/factory.ts';
import { database, runHere } from '../support.ts';

const RULES = {
  rules: [
    {
      name: 'mine',
      measure: 'bounced',
      per: ['receiver'],
      rings: '50%',
      clears: '20%',
      least: 4,
      leastBad: 2,
      holds: '0s',
    },
  ],
};

test('"alerts test" says when rules would have rung, what it was, and which never would', async (t) => {
  const { store, url, folder } = await database(t);
  for (let n = 0; n < 12; n++) {
    const at = MORNING + n * MINUTE;
    const [view] = await seed(store, { messageId: `m-${n}@mg.example.com`, createdAt: at }, at);
    const fact = n < 4 ? failed(at, 'stop') : reported('delivered', at);
    await change(store, [view?.id ?? ''], at + 1000, () => [fact]);
  }
  const rules = join(folder, 'rules.json');
  writeFileSync(rules, JSON.stringify(RULES));
  const clock = clockAt(MORNING + 3 * HOUR);
  const run = (...more: string[]) =>
    runHere(
      addAlertsCommand,
      ['alerts', 'test', '--rules', rules, '--days', '1', ...more],
      { DATABASE_URL: url },
      clock,
    );
  const { code, out, err } = await run();
  assert.equal(code, 0);
  assert.match(out, /^2026-11-25T09:00Z to 2026-11-25T12:00Z: 12 mails and 19 rules\.\n/);
  assert.match(
    out,
    /\nmine {2}2026-11-25T09:05Z to 2026-11-25T10:\d\dZ\n {2}At its worst 4 of 5 mails to example\.net bounced in the last hour, 80 %\.\n/,
  );
  assert.match(out, /\nIt would have rung 1 time\.\nNever: bounced, /);
  assert.match(err, /^10 % of the time, \d+ mails\n20 % /);
  assert.deepEqual(
    out.split('\n').filter((line) => line.length > 80),
    [],
  );
  const { rungs, mails } = JSON.parse((await run('--json')).out);
  assert.deepEqual([mails, rungs.length, rungs[0].rule, rungs[0].rangAt], [12, 1, 'mine', '2026-11-25T09:05:00.000Z']);
});

test('"alerts test" refuses rules that are wrong, in the words of the file', async (t) => {
  const { url, folder } = await database(t);
  const rules = join(folder, 'rules.json');
  writeFileSync(rules, '{"off": ["bounces"]}');
  const { code, err } = await runHere(addAlertsCommand, ['alerts', 'test', '--rules', rules], { DATABASE_URL: url });
  assert.deepEqual([code, err.includes('off.0: there is no rule "bounces"; did you mean "bounced"?')], [2, true]);
});

test('"alerts test" takes whole days', async () => {
  for (const days of ['0', 'x', '1.5', '9999']) {
    const { code, err } = await runHere(addAlertsCommand, ['alerts', 'test', '--days', days], {});
    assert.deepEqual([code, err], [2, 'error: --days must be a whole number from 1 to 999\n']);
  }
});

test('"alerts test" explains itself in 80 columns, with examples that call it', async () => {
  const { code, out } = await runHere(addAlertsCommand, ['alerts', 'test', '--help'], {});
  assert.equal(code, 0);
  assert.match(out, /Examples:\n( {2}.*\n)*.*\bhoming alerts test\b/);
  assert.deepEqual(
    out.split('\n').filter((line) => line.length > 80),
    [],
  );
});
