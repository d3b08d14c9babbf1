import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMemory, type Room } from '../../../src/http/limits/memory.ts';

const MB = 1024 * 1024;
const never = () => assert.fail('it need not give way');

test('anybody gets room as bytes come, and the oldest that is not finished gives way', async () => {
  const memory = createMemory(80 * MB); // of which 10 MB are for small bodies of anybody
  const gone: string[] = [];
  const names = ['finished', 'slow', 'slower'];
  const rooms = await Promise.all(names.map((name) => memory.forAnybody(null, () => gone.push(name))));
  for (const room of rooms) assert.ok(room?.grow(3 * MB));
  await rooms[0]?.read();
  const honest = await memory.forAnybody(1000, never);
  assert.ok(honest?.grow(2 * MB));
  assert.deepEqual(gone, ['slow']);
  assert.equal(rooms[1]?.grow(4 * MB), false);
  assert.equal(memory.taken(), 8 * MB);
  for (const room of [...rooms, honest]) room?.leave();
  assert.equal(memory.taken(), 0);
});

test('what is worked on keeps its room: then there is none for somebody new', async () => {
  const memory = createMemory(80 * MB);
  const rooms = await Promise.all(Array.from({ length: 10 }, () => memory.forAnybody(null, never)));
  for (const room of rooms) {
    assert.ok(room?.grow(MB));
    await room?.read();
  }
  let isGone = false;
  const late = await memory.forAnybody(null, () => {
    isGone = true;
  });
  assert.equal(late?.grow(1), false);
  assert.ok(isGone);
  rooms[0]?.leave();
  assert.ok((await memory.forAnybody(null, never))?.grow(MB));
});

test('those without a token take nothing from those with one', async () => {
  const memory = createMemory(40 * MB);
  for (let n = 0; n < 100; n++) (await memory.forAnybody(null, () => {}))?.grow(MB);
  for (let n = 0; n < 100; n++) void memory.forAnybody(MB, never);
  assert.ok(memory.taken() <= 10 * MB);
  const room = await memory.forKnown(20 * MB);
  assert.ok(room?.grow(20 * MB));
});

test('large bodies of anybody take nothing from small ones: they wait until there is room', async () => {
  const memory = createMemory(80 * MB);
  const large = Array.from({ length: 10 }, () => memory.forAnybody(MB, never));
  const [first, second] = await Promise.all(large.slice(0, 2));
  let isIn = false;
  const last = large.at(-1)?.then((room) => {
    isIn = true;
    return room;
  });
  const small = await memory.forAnybody(1000, never);
  assert.ok(small?.grow(1000));
  assert.equal(isIn, false);
  for (const room of [first, second]) room?.leave();
  for (const one of large.slice(2, -1)) void one.then((room) => room?.leave());
  assert.ok(await last);
});

test('a large body waits until there is room, and a small one does not wait behind it', async () => {
  const memory = createMemory(40 * MB);
  const first = await memory.forKnown(20 * MB);
  let isIn = false;
  const second = memory.forKnown(20 * MB).then((room) => {
    isIn = true;
    return room;
  });
  assert.ok(await memory.forKnown(1000));
  assert.equal(isIn, false);
  first?.leave();
  assert.ok(await second);
});

test('who finds no room for too long is told so, and leaves no trace', async () => {
  const memory = createMemory(40 * MB, 10);
  const first = await memory.forKnown(25 * MB);
  assert.equal(await memory.forKnown(25 * MB), null);
  first?.leave();
  assert.equal(memory.taken(), 0);
});

test('a body of unknown length grows as long as there is room', async () => {
  const memory = createMemory(40 * MB);
  const room = await memory.forKnown(null);
  assert.ok(room?.grow(MB));
  assert.ok(room?.grow(20 * MB));
  assert.equal(room?.grow(40 * MB), false);
  room?.leave();
  assert.equal(memory.taken(), 0);
});

test('one body is let in however little room there is', async () => {
  const memory = createMemory(MB);
  assert.ok(await memory.forKnown(25 * MB));
});

test('one large body is worked on at a time, in the order in which they came; a small one goes past', async () => {
  const memory = createMemory(400 * MB);
  const [one, two, small] = [
    await memory.forKnown(20 * MB),
    await memory.forKnown(20 * MB),
    await memory.forKnown(1000),
  ];
  await one?.read();
  let isItsTurn = false;
  const turn = two?.read().then(() => {
    isItsTurn = true;
  });
  await small?.read();
  assert.equal(isItsTurn, false);
  one?.leave();
  await turn;
  two?.leave();
  await (await memory.forKnown(20 * MB))?.read();
});

test('no more is ever taken than there is, and in the end nothing', async () => {
  const step = fc.record({ who: fc.nat(9), bytes: fc.nat(8 * MB), leaves: fc.boolean(), finished: fc.boolean() });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 100 }), async (steps) => {
    const memory = createMemory(40 * MB, 0);
    const rooms = new Map<number, Room | null>();
    for (const { who, bytes, leaves, finished } of steps) {
      if (!rooms.get(who))
        rooms.set(who, who % 2 ? await memory.forKnown(null) : await memory.forAnybody(null, () => {}));
      rooms.get(who)?.grow(bytes);
      if (finished && who % 2 === 0) await rooms.get(who)?.read();
      if (leaves) {
        rooms.get(who)?.leave();
        rooms.delete(who);
      }
      assert.ok(memory.taken() <= 40 * MB);
    }
    for (const room of rooms.values()) room?.leave();
    assert.equal(memory.taken(), 0);
  });
  await fc.assert(property, { numRuns: 100 });
});
