import type { Report } from '../../core/figures/summary.ts';
import { pictures } from './charts.ts';
import { asData, reportHtml } from './html.ts';

/** The report as one file that needs nothing else, with pictures for wide and for narrow screens. */
export async function reportFile(r: Report): Promise<string> {
  const [wide, narrow] = [await pictures(r, 632), await pictures(r, 320)];
  return reportHtml(r, { pictures: wide, narrow, source: asData, sealed: true });
}
