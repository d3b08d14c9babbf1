import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signed } from '../../src/base/signed-webhook.ts';
import { createHoming, HomingError } from '../../src/client/index.ts';
import type { WebhookHeaders } from '../../src/client/types.ts';
import { verifiedWebhook } from '../../src/client/verify-webhook.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { MORNING } from '../support/clock.ts';

const secretOf = (letter: string): string => `whsec_${Buffer.alloc(32, letter).toString('base64')}`;
const BODY = JSON.stringify({ id: 'evt_1', type: 'message.delivered', data: { recipient: 'bücher@example.net' } });
const HEADERS = signed({ id: 'evt_1', at: MORNING / SECOND, body: BODY }, [secretOf('n')]);

const verify = ({ headers = HEADERS as WebhookHeaders, body = BODY as string | Uint8Array, now = MORNING } = {}) =>
  verifiedWebhook(headers, body, secretOf('n'), now);

const refuses = (code: string, words: RegExp, call: () => unknown) =>
  assert.throws(call, (error) => error instanceof HomingError && error.code === code && words.test(error.message));

test('a genuine webhook gives its event, whatever form its headers and its body come in', () => {
  const named = Object.fromEntries(Object.entries(HEADERS).map(([name, value]) => [name.toUpperCase(), [value]]));
  for (const headers of [HEADERS, new Headers(HEADERS), named])
    for (const body of [BODY, Buffer.from(BODY), new TextEncoder().encode(BODY)])
      assert.equal(verify({ headers, body }).data.recipient, 'bücher@example.net');
});

test('one of several secrets is enough, in a list or with commas', () => {
  const both = [secretOf('x'), secretOf('n')];
  assert.equal(verifiedWebhook(HEADERS, BODY, both, MORNING).id, 'evt_1');
  assert.equal(verifiedWebhook(HEADERS, BODY, both.join(', '), MORNING).id, 'evt_1');
  refuses('unverified', /none of its signatures/, () => verifiedWebhook(HEADERS, BODY, secretOf('x'), MORNING));
});

test('what was changed, is old or has no signature is not believed', () => {
  refuses('unverified', /for this body/, () => verify({ body: BODY.replace('delivered', 'failed') }));
  refuses('unverified', /for this body/, () => verify({ headers: { ...HEADERS, 'webhook-id': 'evt_2' } }));
  refuses('unverified', /no headers/, () => verify({ headers: {} }));
  refuses('unverified', /no headers/, () => verify({ headers: { ...HEADERS, 'Webhook-Id': 'evt_1' } }));
  refuses('unverified', /no number/, () => verify({ headers: { ...HEADERS, 'webhook-timestamp': '1e9' } }));
  assert.equal(verify({ now: MORNING + 5 * MINUTE }).id, 'evt_1');
  assert.equal(verify({ now: MORNING - 5 * MINUTE }).id, 'evt_1');
  refuses('unverified', /five minutes/, () => verify({ now: MORNING + 5 * MINUTE + 1 }));
  refuses('unverified', /five minutes/, () => verify({ now: MORNING - 5 * MINUTE - 1 }));
});

test('a slip of the caller is told apart from a forged webhook', () => {
  refuses('invalid', /as it came/, () => verify({ body: JSON.parse(BODY) as string }));
  for (const secret of ['', 'secret', 'whsec_short', [] as string[]])
    refuses('invalid', /EVENTS_WEBHOOK_SECRET/, () => verifiedWebhook(HEADERS, BODY, secret, MORNING));
  refuses('invalid', /headers/, () => verify({ headers: 'webhook-id: 1' as unknown as WebhookHeaders }));
});

test('the client goes by the clock of the machine', async () => {
  const homing = createHoming({ url: 'http://127.0.0.1:1', token: 'a-token-that-is-long-enough' });
  refuses('unverified', /five minutes/, () => homing.verifyWebhook(HEADERS, BODY, secretOf('n')));
  await homing.close();
});
