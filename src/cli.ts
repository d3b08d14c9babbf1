#!/usr/bin/env node
import { addCancelCommand } from './commands/cancel.ts';
import { addClassifyCommand } from './commands/classify.ts';
import type { Terminal } from './commands/common/terminal.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addMigrateCommand } from './commands/migrate.ts';
import { addPolicyCommand } from './commands/policy.ts';
import { addProbeCommand } from './commands/probe.ts';
import { type AddCommand, run } from './commands/program.ts';
import { addReportCommand } from './commands/report.ts';
import { addRetryCommand } from './commands/retry.ts';
import { addStartCommand } from './commands/start.ts';
import { addSuppressionsCommand } from './commands/suppressions.ts';
import { hushExperimental, readEnvironment } from './config/env.ts';

/** In the order of the help. The files import nothing heavy before their command runs, so that the help is quick. */
const COMMANDS: readonly AddCommand[] = [
  addStartCommand,
  addMigrateCommand,
  addDemoCommand,
  addExplainCommand,
  addRetryCommand,
  addCancelCommand,
  addSuppressionsCommand,
  addReportCommand,
  addDoctorCommand,
  addProbeCommand,
  addClassifyCommand,
  addPolicyCommand,
];

/** The reader has gone, as in `homing explain … | head`: nothing is wrong, and nobody is there to be told. */
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
// Not left to the event loop: a name that nobody resolves or a server that says nothing would keep the process.
process.stdout.write('', () => process.exit());
