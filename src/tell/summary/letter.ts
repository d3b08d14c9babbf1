import type { Report } from '../../core/figures/summary.ts';
import { type Picture, pictures } from './charts.ts';
import { periodWords } from './days.ts';
import { reportHtml } from './html.ts';
import { reportText } from './text.ts';

/** A report as a mail: two alternatives and the pictures that the second shows. */
export type ReportLetter = {
  subject: string;
  text: string;
  html: string;
  pictures: { cid: string; png: string /** base64 */ }[];
};

/** One width for all readers: many clients know no other than the plain picture. */
const WIDTH = 440;

export async function letterOf(r: Report): Promise<ReportLetter> {
  const drawn = await pictures(r, WIDTH);
  const cid = (p: Picture, theme: string) => `${p.id}-${theme}@homing.report`;
  const html = reportHtml(r, {
    pictures: drawn,
    narrow: [],
    source: (p, theme) => `cid:${cid(p, theme)}`,
    sealed: false,
  });
  const parts = drawn.flatMap((p) =>
    (['light', 'dark'] as const).map((theme) => ({ cid: cid(p, theme), png: p[theme].toString('base64') })),
  );
  return { subject: subjectOf(r), text: reportText(r), html, pictures: parts };
}

function subjectOf(r: Report): string {
  const { deliveries, lost } = r.total;
  const what =
    deliveries === 0
      ? 'no mail'
      : lost > 0
        ? `${lost} of ${deliveries} did not arrive`
        : `${deliveries} asked for, none lost`;
  return `[Homing] ${what}: ${periodWords(r.period)}`;
}
