import { stringify } from 'csv-stringify/sync';
import { CSV_OPTIONS, disarm } from '../../base/csv.ts';
import { STATES } from '../../core/delivery.ts';
import type { Summary } from '../../core/figures/summary.ts';

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
    rows.map((row) => row.map((cell) => disarm(cell))),
    { ...CSV_OPTIONS, columns: ['first_day', 'last_day', 'timezone', 'domain', 'class', 'state', 'deliveries'] },
  );
}
