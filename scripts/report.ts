// The delivery report without the rest of the commands: `npm run report -- --date 2026-11-21 --format html`.
import { run } from '../src/commands/program.ts';
import { addReportCommand } from '../src/commands/report.ts';
import { hushExperimental, readEnvironment } from '../src/config/env.ts';

hushExperimental();
const terminal = {
  env: readEnvironment(),
  now: Date.now,
  out: process.stdout,
  err: process.stderr,
  colours: process.stdout.isTTY === true && !process.env['NO_COLOR'],
  exitCode: 0,
};
process.exitCode = await run([addReportCommand], ['report', ...process.argv.slice(2)], terminal);
