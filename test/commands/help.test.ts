import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addBackupCommand } from '../../src/commands/backup.ts';
import { addCancelCommand } from '../../src/commands/cancel.ts';
import { addClassifyCommand } from '../../src/commands/classify.ts';
import { addDoctorCommand } from '../../src/commands/doctor.ts';
import { addDrillCommand } from '../../src/commands/drill.ts';
import { addEraseCommand } from '../../src/commands/erase.ts';
import { addExplainCommand } from '../../src/commands/explain.ts';
import { addExportCommand } from '../../src/commands/export.ts';
import { addHoldCommand, addReleaseCommand } from '../../src/commands/hold.ts';
import { addListCommand } from '../../src/commands/list.ts';
import { addMigrateCommand } from '../../src/commands/migrate.ts';
import { addOutagesCommand } from '../../src/commands/outages.ts';
import { addProbeCommand } from '../../src/commands/probe.ts';
import { addQueueCommand } from '../../src/commands/queue.ts';
import { addRestoreCommand } from '../../src/commands/restore.ts';
import { addRestoredCommand } from '../../src/commands/restored.ts';
import { addRetryCommand } from '../../src/commands/retry.ts';
import { addStartCommand } from '../../src/commands/start.ts';
import { addTailCommand } from '../../src/commands/tail.ts';
import { runHere } from './support.ts';

const COMMANDS = {
  start: addStartCommand,
  migrate: addMigrateCommand,
  backup: addBackupCommand,
  restore: addRestoreCommand,
  restored: addRestoredCommand,
  explain: addExplainCommand,
  list: addListCommand,
  queue: addQueueCommand,
  outages: addOutagesCommand,
  hold: addHoldCommand,
  release: addReleaseCommand,
  export: addExportCommand,
  erase: addEraseCommand,
  tail: addTailCommand,
  retry: addRetryCommand,
  cancel: addCancelCommand,
  doctor: addDoctorCommand,
  drill: addDrillCommand,
  probe: addProbeCommand,
  classify: addClassifyCommand,
};

for (const [name, add] of Object.entries(COMMANDS)) {
  test(`"${name}" explains itself in 80 columns, with an example that calls it`, async () => {
    const { code, out, err } = await runHere(add, [name, '--help'], {});
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, new RegExp(`Examples:\\n(  .*\\n)*.*\\bhoming ${name}\\b`));
    assert.deepEqual(
      out.split('\n').filter((line) => line.length > 80),
      [],
    );
  });

  test(`"${name}" takes an option that it does not know for wrong usage`, async () => {
    const { code, out, err } = await runHere(add, [name, 'x', '--to', 'me@example.com', '--jsn'], {});
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /^error: unknown option/);
  });
}
