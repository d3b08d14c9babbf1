import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { choice, count, cron, list, listOf, secret, secrets, share, webUrl } from '../../src/base/kinds.ts';

const takes = (kind: z.ZodType, text: string): boolean => kind.safeParse(text).success;

test('what is copied along with a key, and can not be seen in it, is refused', () => {
  for (const slip of ['"key"', "'key'", '“key”', 'k ey', 'ke\u200by', 'clé', 'k\ney']) {
    assert.ok(!takes(secret, slip), JSON.stringify(slip));
    assert.ok(!takes(secrets, `good,${slip}`), JSON.stringify(slip));
  }
  assert.ok(takes(secret, 'key-0a1B2_$/+=~|{}'));
  assert.deepEqual(secrets.parse(' new , old,, '), ['new', 'old']);
});

test('a refusal says what is expected and never what was found', () => {
  const kinds = [secret, secrets, share, count(1, 9), webUrl, cron, choice('yes', 'no'), listOf(() => null, 'no such')];
  for (const kind of kinds) {
    const { error } = kind.safeParse('hunter2 é');
    assert.doesNotMatch(error?.message ?? 'taken', /hunter2|taken/);
  }
});

test('numbers are whole, in digits, and within their range', () => {
  const read = (text: string) => count(0, 65535).safeParse(text).data;
  assert.deepEqual(['0', '8080', '65535', '007'].map(read), [0, 8080, 65535, 7]);
  for (const text of ['', '-1', '1.5', '65536', '1e3', '0x10', 'many', '99999999999999'])
    assert.equal(read(text), undefined);
});

test('a list can not be changed by whoever reads it', () => {
  assert.ok(Object.isFrozen(list.parse('a,b')));
  assert.ok(Object.isFrozen(secrets.parse('a,b')));
});

test('a cron expression counts only when both of its readers take it', () => {
  for (const good of ['* * * * *', '*/5 * * * * *', '0 7 * * 1-5', '0 7 * jan mon', '0 7 29 2 *', '0 7 L * *'])
    assert.ok(takes(cron, good), good);
  for (const onlyOne of ['0 7 * * Monday', '0 7 LW * *', '0 7 15W * *', '0 7 * January *', 'H 7 * * *', '@daily'])
    assert.ok(!takes(cron, onlyOne), onlyOne);
  for (const none of ['hourly', '0 7 * *', '0 7 30 2 *', '61 * * * *', '']) assert.ok(!takes(cron, none), none);
});
