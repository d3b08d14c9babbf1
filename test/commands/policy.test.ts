import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addPolicyCommand } from '../../src/commands/policy.ts';
import type { Env } from '../../src/config/env.ts';
import { runHere } from './support.ts';

const event = (message: string, more: Record<string, unknown> = {}) => ({
  event: 'failed',
  severity: 'permanent',
  recipient: 'ann@example.net',
  timestamp: 1795597200,
  'delivery-status': { code: 550, message },
  ...more,
});

const NEW_RULES = [
  { name: 'gateway', match: 'quarantined by rule', cause: 'policy_block', decision: 'switch_provider' },
  { name: 'gone', match: 'bricked up', cause: 'recipient_disabled' },
];

function files(t: TestContext, lines: readonly unknown[]) {
  const folder = mkdtempSync(join(tmpdir(), 'homing-policy-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
  return { events: write('events.jsonl', text), rules: write('rules.json', JSON.stringify(NEW_RULES)), write };
}

const EVENTS = [
  { signature: { timestamp: '1', token: 't', signature: 's' }, 'event-data': event('Quarantined by rule 12') },
  event('Quarantined by rule 13'),
  { domain: 'mg.example.com', item: event('The pigeonhole is bricked up') },
  event('5.1.1 No such user'),
  '',
  '{ this is no JSON',
  '["neither is this"]',
  { '@timestamp': '2026-11-25T09:00:00Z', event: 'delivered', recipient: 'ann@example.net' },
];

const policy = (env: Env, ...args: string[]) => runHere(addPolicyCommand, ['policy', 'test', ...args], env);

type Summary = { events: number; failures: number; changed: number; effects: Record<string, { newly: number }> };
const parsed = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('says what new rules change, event by event and in sum, and names lines that hold no event', async (t) => {
  const { events, rules } = files(t, EVENTS);
  const { code, out } = await policy({}, events, '--rules', rules);
  assert.equal(code, 0);
  assert.match(out, /line 1 {2}a\*\*\*@example\.net 550 Quarantined by rule 12\n/);
  assert.match(out, /was {2}give_up_no_suppress \(undetermined, rule nothing-known\): sent again\n/);
  assert.match(out, /now {2}switch_provider \(policy_block, rule gateway\): sent through the\n +secondary\n/);
  assert.match(out, /5 events, 4 final failures, 3 judged differently\./);
  assert.match(out, /sent through the secondary +0 +2 +2 +0\n/);
  assert.match(out, /address suppressed +1 +2 +1 +0\n/);
  assert.match(out, /give_up_no_suppress → switch_provider +2\n/);
  assert.match(
    out,
    /2 lines hold no event of Mailgun:\n {2}line 6: the body is not JSON\n {2}line 7: the JSON is no object/,
  );
  assert.doesNotMatch(out, /ann@example\.net/);
});

test('prints JSON lines, the summary as the last', async (t) => {
  const { events, rules } = files(t, EVENTS);
  const lines = parsed((await policy({}, events, '--rules', rules, '--json')).out);
  assert.deepEqual(
    lines.slice(0, -1).map(({ line }) => line),
    [1, 2, 3],
  );
  const { summary } = lines.at(-1) as { summary: Summary & { malformed: { lines: number } } };
  assert.deepEqual([summary.events, summary.failures, summary.changed], [5, 4, 3]);
  assert.deepEqual([summary.effects['switched']?.newly, summary.effects['suppressed']?.newly], [2, 1]);
  assert.equal(summary.malformed.lines, 2);
});

test('without options the present rules are compared with the built-in ones', async (t) => {
  const { events, rules } = files(t, EVENTS);
  const summaryOf = async (env: Env) =>
    (parsed((await policy(env, events, '--json')).out).at(-1) as { summary: Summary }).summary;
  assert.equal((await summaryOf({})).changed, 0);
  assert.equal((await summaryOf({ HOMING_RULES: rules })).changed, 3);
  assert.equal((await summaryOf({ RETRY_DECISIONS: 'codes' })).effects['suppressed']?.newly, 0);
});

test('codes and decisions can be tried, and nonsense is refused', async (t) => {
  const { events, write } = files(t, EVENTS);
  const { summary } = parsed((await policy({}, events, '--codes', '500-549', '--json')).out).at(-1) as {
    summary: Summary;
  };
  assert.equal(summary.effects['stopped']?.newly, 3);
  assert.equal((await policy({}, events, '--codes', 'all')).code, 2);
  assert.equal((await policy({}, events, '--decisions', 'mine')).code, 2);
  assert.equal((await policy({}, events, '--rules', write('bad.json', '{}'))).code, 2);
  assert.deepEqual((await policy({}, join(tmpdir(), 'none.jsonl'))).code, 1);
  const empty = await policy({}, write('empty.jsonl', 'nothing here'));
  assert.deepEqual([empty.code, empty.out], [1, '']);
  assert.match(empty.err, /no event of Mailgun in .* \(line 1: the body is not JSON\)/);
});
