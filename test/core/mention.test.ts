import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutAddress } from '../../src/core/mention.ts';

const ANN = 'ann@canary.example';

test('an address is taken out of a text only where it stands by itself', () => {
  assert.equal(
    withoutAddress(`To <${ANN}>, x${ANN} and ${ANN}.org: ${ANN}.`, ANN),
    `To <(erased)>, x${ANN} and ${ANN}.org: (erased).`,
  );
});
