import type { Summary } from '../../core/figures/summary.ts';
import { pictures } from './charts/pictures.ts';
import { asData, summaryHtml } from './html.ts';

/** The summary as one file that needs nothing else, with pictures for wide and for narrow screens. */
export async function summaryFile(summary: Summary): Promise<string> {
  const [wide, narrow] = [await pictures(summary, 632), await pictures(summary, 320)];
  return summaryHtml(summary, { pictures: wide, narrow, source: asData, sealed: true });
}
