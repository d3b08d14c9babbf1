import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSigned, signed } from '../../src/base/signed-webhook.ts';

test('a webhook is signed as the vector of Standard Webhooks has it', () => {
  const vector = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', at: 1614265330, body: '{"test": 2432232314}' };
  assert.deepEqual(signed(vector, ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']), {
    'webhook-id': vector.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

const secretOf = (letter: string): string => `whsec_${Buffer.alloc(32, letter).toString('base64')}`;

test('while a secret is changed, whoever knows the old or the new one finds it signed', () => {
  const content = { id: 'evt_1', at: 1614265330, body: '{}' };
  const signature = signed(content, [secretOf('n'), secretOf('o')])['webhook-signature'] ?? '';
  for (const known of ['n', 'o']) assert.ok(isSigned(content, signature, [secretOf('x'), secretOf(known)]));
  assert.ok(!isSigned(content, signature, [secretOf('x')]));
  assert.ok(!isSigned({ ...content, at: content.at + 1 }, signature, [secretOf('n')]));
  assert.ok(!isSigned({ ...content, id: 'evt_2' }, signature, [secretOf('n')]));
  assert.ok(!isSigned({ ...content, body: '{ }' }, signature, [secretOf('n')]));
});

test('what is no signature is none', () => {
  const content = { id: 'evt_1', at: 1, body: '{}' };
  const [, good = ''] = (signed(content, [secretOf('n')])['webhook-signature'] ?? '').split(',');
  for (const wrong of ['', 'v1', 'v1,', `v2,${good}`, good, 'v1,AAAA', `${'v1,AAAA '.repeat(10)}v1,${good}`])
    assert.ok(!isSigned(content, wrong, [secretOf('n')]), wrong);
});
