// Daemons on different nodes of a database cluster, while its nodes fail.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SECOND } from '../../src/core/time.ts';
import { clusterPlay, FAULTS } from '../../src/lab/campaign/cluster.ts';
import { withoutGalera } from '../../src/lab/servers/galera.ts';
import { databaseOf, galera } from '../support/galera.ts';

test('three daemons on three nodes, which fail one after the other, lose nothing and send nothing twice unsaid', {
  skip: withoutGalera() ?? false,
}, async (t) => {
  const cluster = await galera();
  const outcome = await clusterPlay({
    ...{ cluster, database: await databaseOf(cluster), daemons: 3 },
    ...{ faults: FAULTS, lasts: 5 * SECOND, every: SECOND / 2, patience: 400 * SECOND },
    say: (line) => t.diagnostic(line),
  });
  t.diagnostic(`${outcome.messages} messages, ${outcome.doubles} possible doubles, ${outcome.moves} moves`);
  assert.deepEqual(outcome.problems, []);
  assert.ok(outcome.messages > 20, `only ${outcome.messages} messages`);
  assert.ok(outcome.moves > 0, 'no daemon has gone to another node');
});
