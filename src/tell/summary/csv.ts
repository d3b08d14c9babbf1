import { stringify } from 'csv-stringify/sync';
import { STATES } from '../../core/delivery.ts';
import type { Summary } from '../../core/figures/summary.ts';
import { safeLine } from '../../core/safe-text.ts';

/** UTF-8 with a byte order mark, without which Excel assumes another encoding. */
export const CSV_OPTIONS = {
  header: true,
  bom: true,
  record_delimiter: 'windows',
  // All cells are quoted, because a separator of another locale would split one that is not.
  quoted_string: true,
} as const;

/** One row for each domain, class and state, also for states without deliveries, so that columns can be added up. */
export function summaryCsv(summary: Summary): string {
  const rows = summary.groups.flatMap(({ domain, class: kind, figures }) =>
    STATES.map((state) => [
      summary.period.firstDay,
      summary.period.lastDay,
      summary.period.timezone,
      domain,
      kind,
      state,
      figures.states[state],
    ]),
  );
  return stringify(
    rows.map((row) => row.map(disarm)),
    { ...CSV_OPTIONS, columns: ['first_day', 'last_day', 'timezone', 'domain', 'class', 'state', 'deliveries'] },
  );
}

/** Characters with which a spreadsheet begins a formula, in both widths, also behind spaces and quotes. */
const FORMULA = /^[\s\p{Cc}\p{Cf}'"`]*[=+\-@|%＝＋－＠]|^[\t\r\n\0]/u;

/**
 * A cell that a spreadsheet shows and does not compute. csv-stringify's own escape looks at the first character alone,
 * and a space before it is enough to get past.
 */
export function disarm(cell: string | number): string | number {
  if (typeof cell === 'number') return cell;
  const text = safeLine(cell);
  return FORMULA.test(cell) || FORMULA.test(text) ? `'${text}` : text;
}
