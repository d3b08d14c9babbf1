import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressesNamed, withoutAddress } from '../../src/core/mention.ts';

const ANN = 'ann@canary.example';

test('an address is taken out of a text only where it stands by itself', () => {
  assert.equal(
    withoutAddress(`To <${ANN}>, x${ANN} and ${ANN}.org: ${ANN}.`, ANN),
    `To <(erased)>, x${ANN} and ${ANN}.org: (erased).`,
  );
});

test('the addresses in a body are found however they are written, and soon where there are none', () => {
  const json = `{"to":"Ann <ann@canary.example>, 'o'brien@b.example'","x":"bob\\u0040c.example."}`;
  assert.deepEqual(addressesNamed(json, null), ['ann@canary.example', "o'brien@b.example", 'bob@c.example']);
  const form = 'to=Ann+%3Cann%40canary.example%3E';
  assert.deepEqual(addressesNamed(form, 'application/x-www-form-urlencoded'), [ANN]);
  assert.deepEqual(addressesNamed('a'.repeat(1_000_000), null), []);
});
