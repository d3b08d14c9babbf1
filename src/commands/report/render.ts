import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Summary } from '../../core/figures/summary.ts';
import { safeJson } from '../../core/safe-text.ts';
import { Failed } from '../common/terminal.ts';
import type { Format } from './options.ts';

/** The summary, or what it says of cures, in that format. What a format needs is loaded with it. */
export async function render(summary: Summary, format: Format, how: { cures: boolean; colours: boolean }) {
  const { cures, colours } = how;
  switch (format) {
    case 'text': {
      if (cures) return (await import('../../tell/summary/cures.ts')).curesText(summary, { colours });
      return (await import('../../tell/summary/text.ts')).summaryText(summary, { colours });
    }
    case 'json': {
      const { curesJson, summaryJson } = await import('../../tell/summary/json.ts');
      return `${safeJson(cures ? curesJson(summary) : summaryJson(summary), 2)}\n`;
    }
    case 'csv':
      if (cures) return (await import('../../tell/summary/cures.ts')).curesCsv(summary);
      return (await import('../../tell/summary/csv.ts')).summaryCsv(summary);
    case 'html':
      return (await import('../../tell/summary/file.ts')).summaryFile(summary);
  }
}

export async function save(file: string, text: string): Promise<void> {
  const out = createWriteStream(file);
  try {
    out.end(text);
    await once(out, 'finish');
  } catch (error) {
    throw new Failed(`${file} can't be written: ${error instanceof Error ? error.message : String(error)}`);
  }
}
