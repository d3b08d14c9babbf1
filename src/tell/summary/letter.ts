import { html } from '../../base/markup.ts';
import type { Period, Summary } from '../../core/figures/summary.ts';
import { type Picture, pictures } from './charts/pictures.ts';
import { periodWords } from './days.ts';
import { summaryHtml } from './html.ts';
import { summaryText } from './text.ts';

/** A summary as a mail: two alternatives and the pictures that the second shows. */
export type SummaryLetter = {
  subject: string;
  text: string;
  html: string;
  pictures: { cid: string; png: string /** base64 */ }[];
};

/** One width for all readers, because many mail programs know no pictures for different screens. */
const WIDTH = 440;

export async function letterOf(summary: Summary): Promise<SummaryLetter> {
  const drawn = await pictures(summary, WIDTH);
  const cid = (p: Picture, theme: string) => `${p.id}-${theme}@homing.report`;
  const page = summaryHtml(summary, {
    pictures: drawn,
    narrow: [],
    source: (p, theme) => `cid:${cid(p, theme)}`,
    sealed: false,
  });
  const parts = drawn.flatMap((p) =>
    (['light', 'dark'] as const).map((theme) => ({ cid: cid(p, theme), png: p[theme].toString('base64') })),
  );
  return { subject: subjectOf(summary), text: summaryText(summary), html: page, pictures: parts };
}

function subjectOf(summary: Summary): string {
  const { deliveries, lost } = summary.total;
  const what =
    deliveries === 0
      ? 'no mail'
      : lost > 0
        ? `${lost} of ${deliveries} did not arrive`
        : `${deliveries} asked for, none lost`;
  return `[Homing] ${what}: ${periodWords(summary.period)}`;
}

/** What is sent in place of a summary that could not be written. */
export function unwritten(period: Period): SummaryLetter {
  const words = periodWords(period);
  const text = [
    `The delivery report (${words}) could not be written: the log of the daemon says why.`,
    `When that is mended: homing report --from ${period.firstDay} --to ${period.lastDay}`,
  ].join('\n');
  const page = html`<!doctype html><html lang="en"><meta charset="utf-8"><pre style="white-space:pre-wrap">${text}</pre></html>`;
  return { subject: `[Homing] the report could not be written: ${words}`, text, html: page.markup, pictures: [] };
}
