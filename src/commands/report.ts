import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Command } from 'commander';
import type { Summary } from '../core/figures/summary.ts';
import type { Store } from '../store/db/open.ts';
import type { Rebuilt } from '../store/figures/rebuild.ts';
import { EXIT, Failed, say, type Terminal } from './common/terminal.ts';

export const FORMATS = ['text', 'json', 'csv', 'html'] as const;
type Format = (typeof FORMATS)[number];

type Options = {
  date?: string;
  days?: string;
  from?: string;
  to?: string;
  timezone?: string;
  format: string;
  json?: boolean;
  output?: string;
  details?: string;
  cures?: boolean;
  rebuild?: boolean;
  check?: boolean;
  progress?: boolean;
};

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
  // What is wrong with the question is said before the database is asked for.
  const period = await periodFor(options, options.timezone ?? config.REPORT_TIMEZONE, terminal.now());
  const details = detailsOf(options.details ?? config.REPORT_DETAILS);
  const { withStore } = await import('./common/database.ts');
  await withStore(terminal, async (store) => {
    if (options.rebuild) return rebuildFigures(terminal, store, options, format);
    const { ensureBuilt } = await import('../store/figures/rebuild.ts');
    const { summaryOf } = await import('../tell/summary-of.ts');
    await ensureBuilt(store, terminal.now, progressOn(terminal, options));
    const summary = await summaryOf(store, period, {
      now: terminal.now(),
      details,
      ...(options.cures ? { places: CURES_SHOWN } : {}),
    });
    const written = await render(
      summary,
      format,
      options.cures === true,
      terminal.colours && options.output === undefined,
    );
    if (options.output === undefined) terminal.out.write(written);
    else await save(options.output, written);
  });
}

/** Recipient domains and causes that cure rates are told for. */
const CURES_SHOWN = 25;

function formatOf(options: Options): Format {
  const wanted = options.json ? 'json' : options.format;
  const format = FORMATS.find((f) => f === wanted);
  if (!format) throw usage(`--format must be one of ${FORMATS.join(', ')}, not "${wanted.slice(0, 40)}"`);
  if (options.check && !options.rebuild) throw usage('--check goes with --rebuild');
  if (options.cures && format === 'html') throw usage('--cures comes as text, json or csv');
  return format;
}

const usage = (message: string): Failed => new Failed(message, EXIT.usage);

function detailsOf(text: string): 'summary' | 'full' {
  if (text === 'summary' || text === 'full') return text;
  throw usage('--details must be summary or full');
}

/** The period that the options name. What can't be is a wrong usage. */
async function periodFor(o: Options, timezone: string, now: number) {
  const { addDays, BadPeriod, dayAt, periodOf } = await import('../tell/summary/days.ts');
  try {
    if (o.date !== undefined && (o.from !== undefined || o.to !== undefined))
      throw new BadPeriod('use --date, or --from and --to, not both');
    if (o.to !== undefined && o.from === undefined) throw new BadPeriod('--to needs --from');
    if (o.from !== undefined && o.days !== undefined) throw new BadPeriod('--days goes with --date, not with --from');
    const days = o.days ?? '1';
    if (!/^[1-9]\d{0,3}$/.test(days)) throw new BadPeriod('--days must be a whole number above 0');
    // Also says what is wrong with the timezone, before it is used.
    const today = periodOf('1970-01-01', '1970-01-01', timezone, now) && dayAt(now, timezone);
    const last = o.date ?? o.to ?? addDays(today, -1, timezone);
    if (o.from !== undefined) return periodOf(o.from, last, timezone, now);
    const { firstDay } = periodOf(last, last, timezone, now);
    return periodOf(addDays(firstDay, 1 - Number(days), timezone), last, timezone, now);
  } catch (error) {
    if (error instanceof BadPeriod) throw usage(sentence(error.message));
    throw error;
  }
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

async function render(summary: Summary, format: Format, cures: boolean, colours: boolean): Promise<string> {
  switch (format) {
    case 'text': {
      if (cures) return (await import('../tell/summary/cures.ts')).curesText(summary, { colours });
      return (await import('../tell/summary/text.ts')).summaryText(summary, { colours });
    }
    case 'json': {
      const { curesJson, summaryJson } = await import('../tell/summary/json.ts');
      return `${JSON.stringify(cures ? curesJson(summary) : summaryJson(summary), null, 2)}\n`;
    }
    case 'csv':
      if (cures) return (await import('../tell/summary/cures.ts')).curesCsv(summary);
      return (await import('../tell/summary/csv.ts')).summaryCsv(summary);
    case 'html':
      return (await import('../tell/summary/file.ts')).summaryFile(summary);
  }
}

async function save(file: string, text: string): Promise<void> {
  const out = createWriteStream(file);
  try {
    out.end(text);
    await once(out, 'finish');
  } catch (error) {
    throw new Failed(`${file} can't be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}

type Progress = (done: number, days: number, deliveries: number) => void;

function progressOn(t: Terminal, { progress }: Options): Progress {
  const isTerminal = 'isTTY' in t.err && t.err.isTTY === true;
  if (!progress && !isTerminal) return () => {};
  return (done, days, deliveries) => {
    const line = `counting: day ${done} of ${days}, ${deliveries} deliveries`;
    t.err.write(isTerminal ? `\r${line}${done === days ? '\n' : ''}` : `${line}\n`);
  };
}

const SHOWN = 50;

async function rebuildFigures(t: Terminal, store: Store, options: Options, format: Format): Promise<void> {
  const { rebuild } = await import('../store/figures/rebuild.ts');
  const check = options.check === true;
  const result = await rebuild(store, { now: t.now, check, progress: progressOn(t, options) });
  if (format === 'json') say(t, JSON.stringify({ agreed: result.differences.length === 0, ...result }, null, 2));
  else say(t, ...rebuiltWords(result, check));
  if (check && result.differences.length > 0) t.exitCode = EXIT.failed;
}

const SPAN: Record<number, string> = { 86400000: 'day', 3600000: 'hour', 900000: 'quarter of an hour' };

function rebuiltWords({ days, deliveries, differences }: Rebuilt, check: boolean): string[] {
  const counted = `${deliveries} deliveries of ${days} day${days === 1 ? '' : 's'} were counted.`;
  if (differences.length === 0) return [counted, 'The figures agree with the facts.'];
  const lines = differences.slice(0, SHOWN).map(({ span, entry: e, kept, counted: n }) => {
    const at = new Date(e.bucket).toISOString().slice(0, 16).replace('T', ' ');
    return `  ${SPAN[span]} of ${at} UTC, ${e.domain} ${e.class}, ${e.what} ${e.value}: kept ${kept}, counted ${n}`;
  });
  const more = differences.length > SHOWN ? [`  and ${differences.length - SHOWN} more`] : [];
  const verdict = check ? 'differ from the facts; nothing was changed' : 'differed from the facts and were mended';
  return [counted, `${differences.length} figure${differences.length === 1 ? '' : 's'} ${verdict}:`, ...lines, ...more];
}
