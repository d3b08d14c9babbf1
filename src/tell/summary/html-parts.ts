// What the page is put together from.
import { html, type Markup, trusted } from '../../base/markup.ts';
import type { Row } from './tables.ts';

/* Inline styles are for mail clients that drop the rest; the classes turn the page dark where that is wanted. */
export const INK = 'color:#1f2937';
export const FAINT = 'color:#5b6675';
const FONT = "font-family:Inter,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const TEXT = `font-size:14px;line-height:1.4;vertical-align:top;overflow-wrap:anywhere;${INK}`;
const CELL = `padding:8px 4px;border-bottom:1px solid #e5e9ef;${TEXT}`;
const UNRULED = `padding:8px 4px 0;${TEXT}`;
const BELOW = `padding:2px 4px 8px;border-bottom:1px solid #e5e9ef;font-size:12px;line-height:1.45;overflow-wrap:anywhere;${FAINT}`;
const HEAD = `padding:6px 4px;border-bottom:1px solid #cfd6df;font-size:12px;font-weight:600;text-align:left;vertical-align:bottom;${FAINT}`;
/** Figures are set to the right, with a little space between them. */
const FIGURE = 'text-align:right;padding-left:10px;padding-right:2px';

const STYLE = `
:root { color-scheme: light dark; supported-color-schemes: light dark; }
body { margin: 0; }
img { border: 0; }
@media (max-width: 480px) {
  .page { padding: 16px 12px !important; }
  .card { padding: 16px 14px !important; }
  .tile { width: 50% !important; }
  .value { font-size: 20px !important; }
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

const SEALED = html`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">`;

/** A whole page around cards. A file forbids itself to load anything; in a mail the rules of the reader hold. */
export const framed = (title: string, isFile: boolean, cards: Markup): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${isFile ? SEALED : html``}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(STYLE)}</style>
</head>
<body style="margin:0;background:#f3f5f8" class="back">
<div role="main" class="back page" style="background:#f3f5f8;padding:28px 16px;${FONT}">
<div style="max-width:680px;margin:0 auto">
${cards}
</div>
</div>
</body>
</html>
`.markup;

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
<div class="value ${tone}" style="font-size:24px;line-height:1.3;font-weight:600;${colour}">${unbroken(value)}</div>
<div class="faint" style="font-size:12px;line-height:1.4;${FAINT}">${unbroken(below)}</div>
</div></div>`;
}

/** A sentence on a line of its own. */
export const paragraph = (text: string, margin: string): Markup =>
  html`<p class="ink" style="margin:${margin};font-size:14px;line-height:1.5;overflow-wrap:anywhere;${INK}">${unbroken(text)}</p>`;

/** Keeps a number and its unit on one line: `2 825` on two lines reads as two numbers. */
export const unbroken = (text: string): string => text.replace(/(?<=\d) (?=[\d%])/g, '\u00a0');

/**
 * The figures take at least the width that lines them up with other tables, and more if they need it, so that none
 * touches its neighbour. The name has the rest of the width, and a note stands below it over the whole width.
 */
export function table(head: readonly string[], rows: readonly Row[]): Markup {
  const width = `width:${head.length > 3 ? '17.5%' : '26%'}`;
  const [first = '', ...others] = head;
  return html`
<table cellpadding="0" cellspacing="0" style="width:100%;border-collapse:collapse">
<tr><th class="head" scope="col" style="${HEAD}">${first}</th>${others.map(
    (name) => html`<th class="head" scope="col" style="${HEAD};${width};${FIGURE}">${name}</th>`,
  )}</tr>
${rows.map((row) => tableRow(row, head.length))}
</table>`;
}

function tableRow({ name, figures, note }: Row, columns: number): Markup {
  const style = note ? UNRULED : CELL;
  const below = note
    ? html`<tr><td class="cell faint" colspan="${columns}" style="${BELOW}">${unbroken(note)}</td></tr>`
    : html``;
  return html`<tr><td class="cell" style="${style}">${name}</td>${figures.map(
    (f) => html`<td class="cell" style="${style};white-space:nowrap;${FIGURE}">${unbroken(f)}</td>`,
  )}</tr>${below}`;
}
