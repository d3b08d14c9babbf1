import type { Command } from 'commander';
import { Failed, safeToPrint, type Terminal } from './common/terminal.ts';
import { detailsOf, FORMATS, formatOf, type Options, periodFor } from './report/options.ts';
import { progressOn, rebuildFigures } from './report/rebuild.ts';
import { render, save } from './report/render.ts';

const EXAMPLES = `
Days are those of REPORT_TIMEZONE. Without a date it is yesterday.

Examples:
  homing report --date 2026-11-21
  homing report --days 7 --format html --output week.html
  homing report --from 2026-11-01 --to 2026-11-21 --format csv
  homing report --days 30 --cures
  homing report --rebuild --check`;

/** `homing report`: a report of a day, a week or a range, or the check and the mending of the figures it rests on. */
export function addReportCommand(program: Command, terminal: Terminal): void {
  program
    .command('report')
    .description('tell what arrived, what did not and why, for a day, a week or a range')
    .option('--date <day>', 'the day, or with --days the last of them (default: yesterday)')
    .option('--days <number>', 'that many days up to the date')
    .option('--from <day>', 'the first day of a range')
    .option('--to <day>', 'the last day of a range (default: yesterday)')
    .option('--timezone <zone>', 'time zone of the days (default: REPORT_TIMEZONE)')
    .option('--format <format>', `one of ${FORMATS.join(', ')}`, 'text')
    .option('--json', 'the same as --format json')
    .option('--output <file>', 'write to a file instead of the terminal')
    .option('--details <details>', 'summary, or full: with recipients and subjects (default: REPORT_DETAILS)')
    .option('--cures', 'cure rates by cause and recipient domain instead: does re-posting help, would a dedicated IP?')
    .option('--rebuild', 'count the figures again from the facts, mend what differs and say so')
    .option('--check', 'with --rebuild: mend nothing, and end with 1 when something differs')
    .option('--progress', 'show progress on stderr also when it is no terminal')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => report(terminal, options));
}

async function report(terminal: Terminal, options: Options): Promise<void> {
  const format = formatOf(options);
  const { readConfig } = await import('../config/config.ts');
  const config = readConfig(terminal.env, 'database');
  // Wrong options are reported before the database is opened.
  const period = await periodFor(options, options.timezone ?? config.REPORT_TIMEZONE, terminal.now());
  const details = detailsOf(options.details ?? config.REPORT_DETAILS);
  const { withStore } = await import('./common/database.ts');
  await withStore(terminal, async (store) => {
    if (options.rebuild) return rebuildFigures(terminal, store, options, format);
    const { ensureBuilt } = await import('../store/figures/rebuild.ts');
    const { summaryOf } = await import('../tell/summary-of.ts');
    const built = await ensureBuilt(store, terminal.now, progressOn(terminal, options));
    if (built === 'busy') throw new Failed('Another process is counting the figures for the first time: try it later.');
    const cures = options.cures === true;
    const places = cures ? { places: CURES_SHOWN } : {};
    const summary = await summaryOf(store, period, { now: terminal.now(), details, ...places });
    const { output } = options;
    const text = await render(summary, format, { cures, colours: terminal.colours && output === undefined });
    if (output === undefined) terminal.out.write(format === 'text' ? safeToPrint(terminal, text) : text);
    else await save(output, text);
  });
}

/** How many recipient domains and causes are listed with their cure rates. */
const CURES_SHOWN = 25;
