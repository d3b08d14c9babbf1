import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createLog } from '../../src/base/log.ts';
import type { Fact } from '../../src/core/delivery.ts';
import { MINUTE } from '../../src/core/time.ts';
import { cancelMessage, reopenMessage } from '../../src/operate/operate.ts';
import type { Store } from '../../src/store/db/open.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { storyTo } from '../../src/tell/story.ts';
import { MORNING } from '../support/clock.ts';
import {
  accepted,
  bounce,
  claimed,
  ended,
  failed,
  refused,
  reported,
  seed,
  seedQueued,
  sent,
} from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

type Line = { level: number; msg: string } & Record<string, unknown>;

function logged() {
  const out = new PassThrough();
  const log = createLog('info', 'json', out);
  const text = () => String(out.read() ?? '');
  const lines = () =>
    text()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
  return { log, text, lines };
}

const at = (minutes: number) => MORNING + minutes * MINUTE;

function listening(store: Store) {
  const { log, lines } = logged();
  store.heard = storyTo(log);
  return () => lines().map(({ msg }) => msg);
}

eachStore('the log tells the story of a mail, by ids and without an address', async ({ store }) => {
  const { log, text } = logged();
  store.heard = storyTo(log);
  const reply = bounce({ message: 'ann@example.net: blocked by the server of example.net' });
  const [view] = await seed(store);
  const tell = (...facts: Fact[]) => change(store, [view?.id ?? ''], at(9), () => facts);
  await tell(failed(at(1), 'retry', { bounce: reply, sendingIp: '198.51.100.7' }));
  await tell(claimed(2, at(2)), accepted(2, at(2)));
  await tell(failed(at(3), 'switch', { bounce: reply }));
  await tell(claimed(3, at(4), { how: 'fallback' }), refused(3, at(4), 'busy'));
  await tell(ended(3, at(5), 'abandoned', 'secondary_exhausted'));
  const all = text();
  const lines = all
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    [
      ...['sent', 'accepted by the provider', 'bounced', 'sent again', 'accepted by the provider', 'bounced'],
      ...['sent through the fallback', 'refused by the provider', 'given up'],
    ],
  );
  assert.ok(lines.every((line) => line['delivery'] === view?.id && line['message'] === view?.messageId));
  assert.deepEqual([lines[2]?.['cause'], lines[2]?.['code'], lines[2]?.['plan']], ['ip_block', 550, 'retry']);
  assert.doesNotMatch(all, /@|example\.net|receipt/);
});

eachStore('arrival, suppression, cancelling and opening again are told, what changes nothing is not', async (given) => {
  const { store } = given;
  const told = listening(store);
  const [queued] = await seedQueued(store, { messageId: 'q@mg.example.com' });
  assert.deepEqual(told(), ['queued']);
  await cancelMessage(store, { message: queued?.messageId ?? '', who: 'api', reason: 'by_application' }, at(1));
  assert.deepEqual(told(), ['cancelled']);
  const [view] = await seed(store);
  told();
  const ids = [view?.id ?? ''];
  const dead = failed(at(1), 'stop', { suppress: 'recipient_unknown' });
  await change(store, ids, at(1), () => [dead]);
  assert.deepEqual(told(), ['bounced', 'failed, and is not tried again']);
  await change(store, ids, at(2), () => [dead]);
  assert.deepEqual(told(), []);
  await change(store, ids, at(3), () => [reported('delivered', at(2))]);
  assert.deepEqual(told(), ['delivered']);
  await reopenMessage(store, { message: view?.messageId ?? '', who: 'api', what: 'resend' }, at(4));
  assert.deepEqual(told(), ['opened again']);
});

eachStore('what was undone is not told', async ({ store }) => {
  const told = listening(store);
  await assert.rejects(seed(store, { facts: [...sent(), ...sent()] }));
  assert.deepEqual(told(), []);
});

test('addresses in errors and fields are masked, and no text of others acts on the terminal', () => {
  for (const format of ['json', 'pretty'] as const) {
    const out = new PassThrough();
    const log = createLog('info', format, out);
    const problem = `550 ann.smith@example.net \u001b[2J\u202e\u061c\u009b ${'x'.repeat(5000)}`;
    log.error({ problem, problems: [problem], error: new Error(problem) }, 'a thing');
    const text = String(out.read());
    assert.doesNotMatch(text.trimEnd(), /ann\.smith|\p{Cc}|\p{Cf}/u);
    assert.match(text, /a\*\*\*@example\.net/);
    assert.ok(text.length < 4000);
  }
});
