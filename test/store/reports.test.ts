import assert from 'node:assert/strict';
import { change } from '../../src/store/ledger/ledger.ts';
import { type Before, failuresBefore } from '../../src/store/reports.ts';
import { at, MORNING } from '../support/clock.ts';
import { failed, reported, seedMany } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

eachStore('failures are read back from now in pieces, each once, also those of one moment', async ({ store }) => {
  const views = await seedMany(store, 12);
  const ids = views.map(({ id }) => id);
  await change(store, ids, at(5), () => [reported('accepted', at(4)), failed(at(5))]);
  await change(store, ids.slice(0, 3), at(9), () => [failed(at(9), 'stop')]);
  const seen: string[] = [];
  let place: Before | null = { at: at(60), delivery: '\u{10ffff}', key: '' };
  while (place) {
    const piece: Awaited<ReturnType<typeof failuresBefore>> = await failuresBefore(store, place, MORNING + 1, 4);
    assert.ok(piece.read <= 4);
    seen.push(...piece.failures.map(({ messageId, fact }) => `${messageId} ${fact.at}`));
    place = piece.next;
  }
  assert.equal(seen.length, 15);
  assert.equal(new Set(seen).size, 15);
  assert.ok(seen.slice(0, 3).every((one) => one.endsWith(` ${at(9)}`)));
  const later = await failuresBefore(store, { at: at(60), delivery: '\u{10ffff}', key: '' }, at(8), 100);
  assert.equal(later.failures.length, 3);
});
