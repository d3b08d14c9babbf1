import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageClass } from '../../src/core/message-class.ts';
import { inTurn } from '../../src/core/places.ts';

type Mail = { kind: MessageClass; n: number };
const many = (kind: MessageClass, count: number): Mail[] => Array.from({ length: count }, (_, n) => ({ kind, n }));
const kindsOf = (mails: readonly Mail[]) => mails.map(({ kind }) => kind.charAt(0)).join('');

test('of ten places access mail gets seven, notices two and bulk one, whatever came first', () => {
  const all = [...many('bulk', 20), ...many('notice', 20), ...many('access', 20)];
  const order = inTurn(all, ({ kind }) => kind, 0);
  assert.equal(kindsOf(order.slice(0, 20)), 'aanaabanaaaanaabanaa');
  assert.deepEqual(
    order.filter(({ kind }) => kind === 'notice').map(({ n }) => n),
    many('notice', 20).map(({ n }) => n),
  );
  assert.equal(order.length, 60);
});

test('the turns go on where they were', () => {
  const all = [...many('bulk', 5), ...many('access', 20)];
  assert.equal(kindsOf(inTurn(all, ({ kind }) => kind, 15).slice(0, 3)), 'baa');
});

test('a class with nothing that waits gives its turn to the most urgent that does', () => {
  assert.equal(kindsOf(inTurn([...many('bulk', 2), ...many('notice', 2)], ({ kind }) => kind, 0)), 'nnbb');
});
