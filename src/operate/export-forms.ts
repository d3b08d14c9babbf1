import { stringify } from 'csv-stringify/sync';
import { CSV_OPTIONS, disarm } from '../base/csv.ts';
import { safeJson } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import type { Exported } from './export.ts';

export const EXPORT_FORMATS = ['json', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const isExportFormat = (text: string): text is ExportFormat => EXPORT_FORMATS.some((one) => one === text);

type Head = { recipient: string; at: Ms };

/**
 * An export as a text that is written bit by bit. Its end says how much there is of each kind: without it something is
 * missing.
 */
export const exportText = (
  format: ExportFormat,
  records: AsyncIterable<Exported>,
  head: Head,
): AsyncGenerator<string> => (format === 'json' ? asJson(records, head) : asCsv(records, head));

const iso = (at: Ms | null): string | null => (at === null ? null : new Date(at).toISOString());

async function* asJson(records: AsyncIterable<Exported>, { recipient, at }: Head): AsyncGenerator<string> {
  const counts = new Map<string, number>();
  let before = `{"recipient":${safeJson(recipient)},"exportedAt":${safeJson(iso(at))},"records":[\n`;
  for await (const record of records) {
    count(counts, record);
    yield `${before}${safeJson({ ...record, at: iso(record.at) })}`;
    before = ',\n';
  }
  const end = `\n],"counts":${safeJson(Object.fromEntries(counts))},"complete":true}\n`;
  yield counts.size === 0 ? `${before}${end.slice(1)}` : end;
}

const COLUMNS = ['table', 'at', 'message', 'delivery', 'words', 'data'];

/** Nothing of it is cut: what is kept may be long. */
const WHOLE = { most: Number.POSITIVE_INFINITY };

async function* asCsv(records: AsyncIterable<Exported>, { recipient, at }: Head): AsyncGenerator<string> {
  const counts = new Map<string, number>();
  yield stringify([], { ...CSV_OPTIONS, columns: COLUMNS });
  for await (const record of records) {
    count(counts, record);
    yield csvLine(record);
  }
  const data = { recipient, counts: Object.fromEntries(counts), complete: true };
  yield csvLine({ table: 'end', at, message: null, delivery: null, words: null, data });
}

function csvLine({ table, at, message, delivery, words, data }: Exported): string {
  const cells = [table, iso(at), message, delivery, words, safeJson(data)];
  return stringify([cells.map((cell) => disarm(cell ?? '', WHOLE))], { ...CSV_OPTIONS, header: false, bom: false });
}

const count = (counts: Map<string, number>, { table }: Exported): void =>
  void counts.set(table, (counts.get(table) ?? 0) + 1);
