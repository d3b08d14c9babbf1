import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckName, Fault } from '../../../src/core/drills.ts';
import { checksOf } from '../../../src/drill/judge/checks.ts';
import { reportOf } from '../../../src/drill/judge/report.ts';
import { good } from './support.ts';

const untoldIn = (fault: Fault): CheckName[] =>
  checksOf(good({ fault, turns: null }))
    .filter(({ result, says }) => result === 'failed' && says === 'the daemon did not tell of its outages')
    .map(({ check }) => check);

test('when the daemon does not tell of its outages, nothing that hangs on them has passed or was not needed', () => {
  assert.deepEqual(untoldIn('down'), ['failed_over', 'drain', 'failback']);
  for (const fault of ['slow', '429', 'half'] as const) assert.deepEqual(untoldIn(fault), ['drain', 'failback']);
  const { passed, figures } = reportOf(good({ fault: 'slow', turns: null }), 'demo', false);
  assert.deepEqual([passed, figures.noticedAfter, figures.backAfter], [false, null, null]);
});
