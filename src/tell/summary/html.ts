import { html, type Markup } from '../../base/markup.ts';
import { sentence } from '../../core/figures/headline.ts';
import type { Summary } from '../../core/figures/summary.ts';
import { timeWords } from '../../core/words/numbers.ts';
import type { Picture } from './charts/pictures.ts';
import { periodWords } from './days.ts';
import { card, FAINT, framed, INK, paragraph, table, tile, unbroken } from './html-parts.ts';
import { type Table, tablesOf, tilesOf } from './tables.ts';

/** Where a picture is found: data in a file, a part of the same mail in a mail. */
export type Source = (p: Picture, theme: 'light' | 'dark') => string;

export type HtmlOptions = {
  pictures: readonly Picture[];
  /** The same pictures for narrow screens; none in a mail, which they would make larger. */
  narrow: readonly Picture[];
  source: Source;
  /** Whether the page forbids itself to load anything: a file does, and in a mail the rules of the reader hold. */
  sealed: boolean;
};

export const asData: Source = (p, theme) => `data:image/png;base64,${p[theme].toString('base64')}`;

/** One page: no script, nothing from outside, tables and inline styles, readable as a mail. */
export function summaryHtml(summary: Summary, o: HtmlOptions): string {
  const title = `Delivery report, ${periodWords(summary.period)}`;
  return framed(
    title,
    o.sealed,
    html`${opening(summary)}
${o.pictures.map((p) => pictureCard(summary, p, o))}
${tablesOf(summary).map(tableCard)}
<p class="faint" style="font-size:12px;line-height:1.5;text-align:center;margin:20px 0 0;${FAINT}">Counted at ${timeWords(summary.generatedAt)}. Late events change these figures; times to delivery are exact to 10&nbsp;%.</p>`,
  );
}

function opening(summary: Summary): Markup {
  return html`
<div class="card" style="background:#ffffff;border:1px solid #e5e9ef;border-radius:12px;padding:24px;margin:0 0 16px">
<p class="faint" style="margin:0 0 4px;font-size:13px;${FAINT}">Delivery report · ${periodWords(summary.period)} · ${summary.period.timezone}</p>
<h1 class="ink" style="margin:0 0 18px;font-size:21px;line-height:1.35;font-weight:600;overflow-wrap:anywhere;${INK}">${unbroken(sentence(summary))}</h1>
<div style="font-size:0;margin:0 -6px">
${tilesOf(summary).map(({ name, value, below, tone }) => tile(name, value, below, tone))}
</div>
</div>`;
}

function tableCard({ title, head, rows, says = [] }: Table): Markup {
  const body = head.length > 0 ? table(head, rows) : html``;
  const margin = (i: number) => (head.length === 0 ? '0 0 6px' : i === 0 ? '12px 0 0' : '6px 0 0');
  return card(title, html`${body}${says.map((line, i) => paragraph(line, margin(i)))}`);
}

function pictureCard(summary: Summary, p: Picture, o: HtmlOptions): Markup {
  const narrow = o.narrow.find((n) => n.id === p.id);
  const small = narrow
    ? html`<source media="(max-width: 480px) and (prefers-color-scheme: dark)" srcset="${o.source(narrow, 'dark')}"><source media="(max-width: 480px)" srcset="${o.source(narrow, 'light')}">`
    : html``;
  const dark = html`<source media="(prefers-color-scheme: dark)" srcset="${o.source(p, 'dark')}">`;
  const image = html`<img src="${o.source(p, 'light')}" width="${p.width}" alt="${p.alt}" style="display:block;width:100%;max-width:${p.width}px;height:auto;${FAINT};font-size:12px">`;
  const note = p.id === 'days' && summary.daily.length > summary.period.days ? ` (${summary.daily.length} days)` : '';
  return card(`${p.title}${note}`, html`<picture>${small}${dark}${image}</picture>`);
}
