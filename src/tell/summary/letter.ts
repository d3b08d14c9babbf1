import type { Summary } from '../../core/figures/summary.ts';
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
  const html = summaryHtml(summary, {
    pictures: drawn,
    narrow: [],
    source: (p, theme) => `cid:${cid(p, theme)}`,
    sealed: false,
  });
  const parts = drawn.flatMap((p) =>
    (['light', 'dark'] as const).map((theme) => ({ cid: cid(p, theme), png: p[theme].toString('base64') })),
  );
  return { subject: subjectOf(summary), text: summaryText(summary), html, pictures: parts };
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
