import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fullRule } from '../../../src/core/thresholds/rule.ts';
import { readFlatline, type Sent, sentNames } from '../../../src/core/thresholds/sent.ts';
import { MORNING } from '../../support/clock.ts';

const RULE = fullRule({ name: 'flat', measure: 'flatline', rings: 0, clears: 0, least: 10, per: ['domain'] });
const asked = { domain: 'mg.example.com', class: 'access' as const, tags: null, template: null };

test('a message is counted by its class, its tags and its template', () => {
  const names = sentNames({ ...asked, tags: '["welcome","welcome","beta"]', template: 'hello' });
  assert.deepEqual(
    names.map(({ kind, name }) => `${kind} ${name}`),
    ['class access', 'tag welcome', 'tag beta', 'template hello'],
  );
});

test('what stands in one mail only is not compared with other weeks', () => {
  const tags = [
    'order-48213',
    '2026-11-25',
    'b7f0c1d2-1111-4a4a-9c9c-000000000000',
    'deadbeefdeadbeef',
    'to:ann@example.net',
    'step-2',
  ];
  assert.deepEqual(
    sentNames({ ...asked, tags: JSON.stringify(tags) }).map(({ name }) => name),
    ['access', 'step-2'],
  );
});

const sent = (name: string, n: number, kind: Sent['kind'] = 'tag'): Sent => ({
  domain: 'mg.example.com',
  kind,
  name,
  n,
});
const always = (...all: Sent[]) => ({ days: Array(7).fill(all) as Sent[][], weeks: Array(4).fill(all) as Sent[][] });

test('each class, tag and template is read by itself', () => {
  const usual = always(sent('access', 60, 'class'), sent('welcome', 40), sent('rare', 2));
  const readings = readFlatline(RULE, { ...usual, now: [sent('access', 30, 'class'), sent('new', 5)] }, new Map());
  assert.deepEqual(
    readings.map(({ scope, of, bad }) => [scope.class || scope.about, of, bad]),
    [
      ['access', 60, 30],
      ['tag welcome', 40, 0],
    ],
  );
});

test('what rings is read by what was usual when it began, also when it is not expected now', () => {
  const standing = {
    beyondSince: MORNING,
    rangAt: MORNING,
    wellSince: null,
    lookedAt: MORNING,
    worst: { of: 40, bad: 0, value: 0 },
  };
  const ringing = new Map([['mg.example.com\n\ntag welcome', standing]]);
  const nobody = always();
  assert.deepEqual(readFlatline(RULE, { ...nobody, now: [] }, ringing), []);
  const [again] = readFlatline(RULE, { ...nobody, now: [sent('welcome', 1)] }, ringing);
  assert.deepEqual([again?.bad, again?.of], [1, 40]);
});

test('a rule about one class, or one domain, looks at nothing else', () => {
  const usual = always(sent('access', 60, 'class'), sent('notice', 60, 'class'), sent('welcome', 40));
  const only = { domain: null, class: 'access' as const, receiver: null };
  assert.deepEqual(
    readFlatline({ ...RULE, only }, { ...usual, now: [] }, new Map()).map(({ scope }) => scope.class),
    ['access'],
  );
  const other = { domain: 'other.example', class: null, receiver: null };
  assert.deepEqual(readFlatline({ ...RULE, only: other }, { ...usual, now: [] }, new Map()), []);
});
