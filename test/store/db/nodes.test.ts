import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNodes } from '../../../src/store/db/nodes.ts';
import type { Server } from '../../../src/store/db/url.ts';

const server = (host: string): Server => ({ host, port: 1, user: '', password: '', database: '', tls: null });
const [a, b, c] = [server('a'), server('b'), server('c')];

type State = 'full' | 'spare' | 'gone';

function play(states: Record<string, State>) {
  const asked: string[] = [];
  const closed: string[] = [];
  const moves: string[] = [];
  const nodes = createNodes([a, b, c], ({ host }) => moves.push(host));
  const connected = () =>
    nodes.connected(async ({ host }) => {
      asked.push(host);
      if (states[host] === 'gone') throw new Error(`${host} is gone`);
      return { connection: host, isFull: states[host] === 'full', close: () => closed.push(host) };
    });
  return { nodes, connected, asked, closed, moves };
}

test('the first server that works is asked, and asked again', async () => {
  const { nodes, connected, asked, moves } = play({ a: 'gone', b: 'full', c: 'full' });
  assert.equal(nodes.now(), null);
  assert.deepEqual([await connected(), await connected()], ['b', 'b']);
  assert.deepEqual(asked, ['a', 'b', 'b']);
  assert.deepEqual([nodes.now(), moves], [b, []]);
});

test('whoever left a server goes to the next, and each move is told', async () => {
  const states: Record<string, State> = { a: 'full', b: 'full', c: 'full' };
  const { nodes, connected, moves } = play(states);
  await connected();
  nodes.leave(a);
  // A second connection to it fails a moment later.
  nodes.leave(a);
  assert.equal(await connected(), 'b');
  states['b'] = 'gone';
  states['c'] = 'gone';
  assert.equal(await connected(), 'a');
  assert.deepEqual(moves, ['b', 'a']);
});

test('a server that is better than none is taken when there is no other, and not beside a good one', async () => {
  const states: Record<string, State> = { a: 'spare', b: 'spare', c: 'full' };
  const { connected, closed } = play(states);
  assert.equal(await connected(), 'c');
  assert.deepEqual(closed, ['b', 'a']);
  states['c'] = 'gone';
  assert.equal(await connected(), 'a');
});

test('where no server works the first one says why', async () => {
  const { connected } = play({ a: 'gone', b: 'gone', c: 'gone' });
  await assert.rejects(connected(), /a is gone/);
});
