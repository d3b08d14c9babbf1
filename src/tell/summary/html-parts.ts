// What the page is put together from.
import { html, type Markup } from './markup.ts';

/* Inline styles are for mail clients that drop the rest; the classes turn the page dark where that is wanted. */
export const INK = 'color:#1f2937';
export const FAINT = 'color:#5b6675';
export const FONT = "font-family:Inter,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const TEXT = `font-size:14px;line-height:1.4;vertical-align:top;overflow-wrap:anywhere;${INK}`;
const CELL = `padding:8px 4px;border-bottom:1px solid #e5e9ef;${TEXT}`;
const UNRULED = `padding:8px 4px 0;${TEXT}`;
const BELOW = `padding:2px 4px 8px;border-bottom:1px solid #e5e9ef;font-size:12px;line-height:1.45;overflow-wrap:anywhere;${FAINT}`;
const HEAD = `padding:6px 4px;border-bottom:1px solid #cfd6df;font-size:12px;font-weight:600;text-align:left;vertical-align:bottom;${FAINT}`;

export const STYLE = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; }
img { border: 0; }
@media (max-width: 480px) {
  .page { padding: 16px 12px !important; }
  .card { padding: 16px 14px !important; }
  .tile { width: 50% !important; }
  .cell { font-size: 13px !important; }
  .cell.faint { font-size: 12px !important; }
}
@media (prefers-color-scheme: dark) {
  body, .back { background: #0e1116 !important; }
  .card { background: #171b22 !important; border-color: #2b323d !important; }
  .ink, .cell { color: #e8ecf2 !important; }
  .faint, .head, .cell.faint { color: #a3aebc !important; }
  .cell, .head { border-color: #2b323d !important; }
  .bad { color: #f2718a !important; }
  .good { color: #5cb8aa !important; }
}`;

export const card = (title: string, body: Markup): Markup => html`
<div class="card" style="background:#ffffff;border:1px solid #e5e9ef;border-radius:12px;padding:20px 24px;margin:0 0 16px">
<h2 class="ink" style="margin:0 0 12px;font-size:16px;line-height:1.3;font-weight:600;${INK}">${title}</h2>
${body}
</div>`;

/** A figure with its name above it and what belongs to it below. */
export function tile(name: string, value: string, below: string, tone: 'bad' | 'good' | 'ink' = 'ink'): Markup {
  const colour = { bad: 'color:#c02f4b', good: 'color:#2c7a6f', ink: INK }[tone];
  return html`<div class="tile" style="display:inline-block;width:25%;vertical-align:top"><div style="padding:6px">
<div class="faint" style="font-size:12px;line-height:1.4;${FAINT}">${name}</div>
<div class="${tone}" style="font-size:24px;line-height:1.3;font-weight:600;${colour}">${unbroken(value)}</div>
<div class="faint" style="font-size:12px;line-height:1.4;${FAINT}">${below}</div>
</div></div>`;
}

/** A number and its unit stay on one line. */
export const unbroken = (text: string): string => text.replace(/(?<=\d) (?=[\d%])/g, '\u00a0');

export type Row = { name: string; note?: string; figures: readonly string[] };

/** The name takes what the figures leave; what there is to say more stands below, over the whole width. */
export function table(head: readonly string[], rows: readonly Row[]): Markup {
  const width = head.length > 3 ? '17.5%' : '26%';
  const below = (row: Row) =>
    row.note
      ? html`<tr><td class="cell faint" colspan="${head.length}" style="${BELOW}">${row.note}</td></tr>`
      : html``;
  return html`
<table cellpadding="0" cellspacing="0" style="width:100%;border-collapse:collapse;table-layout:fixed">
<tr>${head.map((name, i) => html`<th class="head" scope="col" style="${HEAD}${i === 0 ? '' : `;width:${width};text-align:right;padding-left:0;padding-right:2px`}">${name}</th>`)}</tr>
${rows.map(
  (row) =>
    html`<tr><td class="cell" style="${row.note ? UNRULED : CELL}">${row.name}</td>${row.figures.map(
      (f) =>
        html`<td class="cell" style="${row.note ? UNRULED : CELL};text-align:right;white-space:nowrap;padding-left:0;padding-right:2px">${unbroken(f)}</td>`,
    )}</tr>${below(row)}`,
)}
</table>`;
}
