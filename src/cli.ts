#!/usr/bin/env node
import { addAlertsCommand } from './commands/alerts.ts';
import { addBackupCommand } from './commands/backup.ts';
import { addBlocklistsCommand } from './commands/blocklists.ts';
import { addCancelCommand } from './commands/cancel.ts';
import { addClassesCommand } from './commands/classes.ts';
import { addClassifyCommand } from './commands/classify.ts';
import type { Terminal } from './commands/common/terminal.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDnsCommand } from './commands/dns.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addDrillCommand } from './commands/drill.ts';
import { addEraseCommand } from './commands/erase.ts';
import { addEventsCommand } from './commands/events.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addExportCommand } from './commands/export.ts';
import { addHoldCommand, addReleaseCommand } from './commands/hold.ts';
import { addListCommand } from './commands/list.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addOutagesCommand } from './commands/outages.ts';
import { addPolicyCommand } from './commands/policy.ts';
import { addProbeCommand } from './commands/probe.ts';
import { type AddCommand, run } from './commands/program.ts';
import { addQueueCommand } from './commands/queue.ts';
import { addReadyCommand } from './commands/ready.ts';
import { addReportCommand } from './commands/report.ts';
import { addReputationCommand } from './commands/reputation.ts';
import { addRestoreCommand } from './commands/restore.ts';
import { addRestoredCommand } from './commands/restored.ts';
import { addRetryCommand } from './commands/retry.ts';
import { addRunbookCommand } from './commands/runbook.ts';
import { addStartCommand } from './commands/start.ts';
import { addSuppressionsCommand } from './commands/suppressions.ts';
import { addTailCommand } from './commands/tail.ts';
import { addUserCommand } from './commands/user.ts';
import { hushExperimental, readEnvironment } from './config/env.ts';

/** In the order of the help. The files import nothing heavy before their command runs, so that the help is quick. */
const COMMANDS: readonly AddCommand[] = [
  addStartCommand,
  addMigrateCommand,
  addBackupCommand,
  addRestoreCommand,
  addRestoredCommand,
  addDemoCommand,
  addQueueCommand,
  addOutagesCommand,
  addAlertsCommand,
  addListCommand,
  addExplainCommand,
  addTailCommand,
  addRetryCommand,
  addCancelCommand,
  addHoldCommand,
  addReleaseCommand,
  addSuppressionsCommand,
  addEventsCommand,
  addExportCommand,
  addEraseCommand,
  addReportCommand,
  addUserCommand,
  addDoctorCommand,
  addReadyCommand,
  addRunbookCommand,
  addDnsCommand,
  addBlocklistsCommand,
  addReputationCommand,
  addDrillCommand,
  addProbeCommand,
  addClassesCommand,
  addClassifyCommand,
  addPolicyCommand,
];

/** The reader has closed the pipe, as in `homing explain … | head`. That is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

hushExperimental();
const terminal: Terminal = {
  env: readEnvironment(),
  now: Date.now,
  out: process.stdout,
  err: process.stderr,
  colours: process.stdout.isTTY === true && !process.env['NO_COLOR'],
  exitCode: 0,
};
const code = await run(COMMANDS, process.argv.slice(2), terminal);
if (code !== 0) process.exitCode = code;
// Ends the process itself: a slow name look-up or a silent server would keep the event loop, and so the process, alive.
process.stdout.write('', () => process.exit());
