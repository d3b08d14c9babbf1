import type { Period } from '../../core/figures/summary.ts';
import type { Ms } from '../../core/time.ts';
import { asSentence } from '../../core/words/capital.ts';
import { EXIT, Failed } from '../common/terminal.ts';

export const FORMATS = ['text', 'json', 'csv', 'html'] as const;
export type Format = (typeof FORMATS)[number];

export type Options = {
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

/** The format, once the options go together. */
export function formatOf(options: Options): Format {
  const wanted = options.json ? 'json' : options.format;
  const format = FORMATS.find((f) => f === wanted);
  if (!format) throw usage(`--format must be one of ${FORMATS.join(', ')}, not "${wanted.slice(0, 40)}"`);
  if (options.check && !options.rebuild) throw usage('--check goes with --rebuild');
  if (options.cures && format === 'html') throw usage('--cures comes as text, json or csv');
  return format;
}

const usage = (message: string): Failed => new Failed(message, EXIT.usage);

export function detailsOf(text: string): 'summary' | 'full' {
  if (text === 'summary' || text === 'full') return text;
  throw usage('--details must be summary or full');
}

/** The period that the options name. What can't be is a wrong usage. */
export async function periodFor(options: Options, timezone: string, now: Ms): Promise<Period> {
  const { addDays, BadPeriod, dayAt, periodOf } = await import('../../tell/summary/days.ts');
  const { date, from, to, days = '1' } = options;
  try {
    checkTogether(options);
    // Also says what is wrong with the timezone, before it is used.
    const today = periodOf('1970-01-01', '1970-01-01', timezone, now) && dayAt(now, timezone);
    const last = date ?? to ?? addDays(today, -1, timezone);
    if (from !== undefined) return periodOf(from, last, timezone, now);
    const { firstDay } = periodOf(last, last, timezone, now);
    return periodOf(addDays(firstDay, 1 - Number(days), timezone), last, timezone, now);
  } catch (error) {
    if (error instanceof BadPeriod) throw usage(asSentence(error.message));
    throw error;
  }
}

/** A period is named in one way. */
function checkTogether({ date, from, to, days }: Options): void {
  if (date !== undefined && (from !== undefined || to !== undefined))
    throw usage('Use --date, or --from and --to, not both.');
  if (to !== undefined && from === undefined) throw usage('--to needs --from.');
  if (from !== undefined && days !== undefined) throw usage('--days goes with --date, not with --from.');
  if (days !== undefined && !/^[1-9]\d{0,3}$/.test(days)) throw usage('--days must be a whole number above 0.');
}
