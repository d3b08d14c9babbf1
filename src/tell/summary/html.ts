import { dedicatedIpWords, helpWords } from '../../core/figures/cures.ts';
import type { Figures } from '../../core/figures/figures.ts';
import { sentence } from '../../core/figures/headline.ts';
import type { Summary } from '../../core/figures/summary.ts';
import { merged, timesOf } from '../../core/figures/times.ts';
import { MINUTE } from '../../core/time.ts';
import { many, percent, timeTaken, timeWords } from '../../core/words/numbers.ts';
import { shortReason } from '../../core/words/reasons.ts';
import type { Picture } from './charts/pictures.ts';
import { periodWords } from './days.ts';
import { html, type Markup, trusted } from './markup.ts';

/** Where a picture is found: data in a file, a part of the same mail in a mail. */
export type Source = (p: Picture, theme: 'light' | 'dark') => string;

export type HtmlOptions = {
  pictures: readonly Picture[];
  /** The same pictures for narrow screens; none in a mail, where each weighs. */
  narrow: readonly Picture[];
  source: Source;
  /** A file says itself that it needs nothing from outside; a mail is shown under the rules of its reader. */
  sealed: boolean;
};

export const asData: Source = (p, theme) => `data:image/png;base64,${p[theme].toString('base64')}`;

/* Inline styles are for mail clients that drop the rest; the classes turn the page dark where that is wanted. */
const INK = 'color:#1f2937';
const FAINT = 'color:#5b6675';
const FONT = "font-family:Inter,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const TEXT = `font-size:14px;line-height:1.4;vertical-align:top;overflow-wrap:anywhere;${INK}`;
const CELL = `padding:8px 4px;border-bottom:1px solid #e5e9ef;${TEXT}`;
const UNRULED = `padding:8px 4px 0;${TEXT}`;
const BELOW = `padding:2px 4px 8px;border-bottom:1px solid #e5e9ef;font-size:12px;line-height:1.45;overflow-wrap:anywhere;${FAINT}`;
const HEAD = `padding:6px 4px;border-bottom:1px solid #cfd6df;font-size:12px;font-weight:600;text-align:left;vertical-align:bottom;${FAINT}`;

const STYLE = `
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

/** One page: no script, nothing from outside, tables and inline styles, readable as a mail. */
export function summaryHtml(summary: Summary, o: HtmlOptions): string {
  const title = `Delivery report, ${periodWords(summary.period)}`;
  const policy = o.sealed
    ? html`<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">`
    : html``;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
${policy}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${trusted(STYLE)}</style>
</head>
<body style="margin:0;background:#f3f5f8" class="back">
<div class="back page" style="background:#f3f5f8;padding:28px 16px;${FONT}">
<div style="max-width:680px;margin:0 auto">
${opening(summary)}
${o.pictures.map((p) => pictureCard(summary, p, o))}
${summary.groups.length > 0 ? card('By domain and class', groups(summary)) : html``}
${summary.total.arrived > 0 ? card('On time?', onTime(summary)) : html``}
${summary.places.length > 0 ? card('Where it failed most', places(summary)) : html``}
${summary.total.ends.length > 0 ? card('Did not arrive, by reason', ends(summary.total)) : html``}
${summary.total.cures.length > 0 ? card('What re-posts cured', cures(summary)) : html``}
${summary.lost !== null && summary.lost.length > 0 ? card('Who did not get what', lost(summary)) : html``}
${card('Homing itself', itself(summary))}
<p class="faint" style="font-size:12px;line-height:1.5;text-align:center;margin:20px 0 0;${FAINT}">Counted at ${timeWords(summary.generatedAt)}. Late events change these figures; times to delivery are exact to 10&nbsp;%.</p>
</div>
</div>
</body>
</html>
`;
  return page.markup;
}

const card = (title: string, body: Markup): Markup => html`
<div class="card" style="background:#ffffff;border:1px solid #e5e9ef;border-radius:12px;padding:20px 24px;margin:0 0 16px">
<h2 class="ink" style="margin:0 0 12px;font-size:16px;line-height:1.3;font-weight:600;${INK}">${title}</h2>
${body}
</div>`;

function opening(summary: Summary): Markup {
  const { total, before } = summary;
  const times = timesOf(total.times);
  const access = timesOf(merged(summary.groups.filter((g) => g.class === 'access').map((g) => g.figures.times)));
  const asked = total.deliveries - total.states.cancelled;
  return html`
<div class="card" style="background:#ffffff;border:1px solid #e5e9ef;border-radius:12px;padding:24px;margin:0 0 16px">
<p class="faint" style="margin:0 0 4px;font-size:13px;${FAINT}">Delivery report · ${periodWords(summary.period)} · ${summary.period.timezone}</p>
<h1 class="ink" style="margin:0 0 18px;font-size:21px;line-height:1.35;font-weight:600;overflow-wrap:anywhere;${INK}">${unbroken(sentence(summary))}</h1>
<div style="font-size:0;margin:0 -6px">
${tile('deliveries', many(total.deliveries), `${many(before.deliveries)} before`)}
${tile('arrived', asked === 0 ? '–' : percent(total.arrived / asked), `${many(total.arrived)} of ${many(asked)}`)}
${tile('did not arrive', many(total.lost), `${many(before.lost)} before`, total.lost > 0 ? 'bad' : 'good')}
${access.n > 0 ? tile('access, half within', timeTaken(access.median), `95 of 100 within ${timeTaken(access.p95)}`) : tile('half within', timeTaken(times.median), `95 of 100 within ${timeTaken(times.p95)}`)}
</div>
</div>`;
}

function tile(name: string, value: string, below: string, tone: 'bad' | 'good' | 'ink' = 'ink'): Markup {
  const colour = { bad: 'color:#c02f4b', good: 'color:#2c7a6f', ink: INK }[tone];
  return html`<div class="tile" style="display:inline-block;width:25%;vertical-align:top"><div style="padding:6px">
<div class="faint" style="font-size:12px;line-height:1.4;${FAINT}">${name}</div>
<div class="${tone}" style="font-size:24px;line-height:1.3;font-weight:600;${colour}">${unbroken(value)}</div>
<div class="faint" style="font-size:12px;line-height:1.4;${FAINT}">${below}</div>
</div></div>`;
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

/** A number and its unit stay on one line. */
const unbroken = (text: string): string => text.replace(/(?<=\d) (?=[\d%])/g, '\u00a0');

type Row = { name: string; note?: string; figures: readonly string[] };

/** The name takes what the figures leave; what there is to say more stands below, over the whole width. */
function table(head: readonly string[], rows: readonly Row[]): Markup {
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

const share = (part: number, all: number): string => (all === 0 ? '–' : percent(part / all));

function groups(summary: Summary): Markup {
  const row = (name: string, f: Figures): Row => ({
    name,
    note: details(f),
    figures: [many(f.deliveries), share(f.arrived, f.deliveries - f.states.cancelled), many(f.lost)],
  });
  const rows = summary.groups.map((g) => row(`${g.domain} · ${g.class}`, g.figures));
  return table(
    ['', 'asked for', 'arrived', 'lost'],
    summary.groups.length > 1 ? [...rows, row('all', summary.total)] : rows,
  );
}

const details = (f: Figures): string =>
  [
    `${many(f.firstTry)} at first try`,
    ...f.afterRetry.map(({ attempt, n }) => `${many(n)} by attempt ${attempt}`),
    f.byFallback > 0 ? `${many(f.byFallback)} by fallback` : '',
    f.states.failed > 0 ? `${many(f.states.failed)} failed` : '',
    f.states.abandoned > 0 ? `${many(f.states.abandoned)} abandoned` : '',
    f.states.expired > 0 ? `${many(f.states.expired)} expired` : '',
    f.open > 0 ? `${many(f.open)} open` : '',
    f.states.cancelled > 0 ? `${many(f.states.cancelled)} cancelled` : '',
    f.doubles.certain > 0 ? `${many(f.doubles.certain)} double` : '',
    f.doubles.possible > 0 ? `${many(f.doubles.possible)} perhaps double` : '',
  ]
    .filter((x) => x !== '')
    .join(', ');

function onTime(summary: Summary): Markup {
  const rows = (['access', 'notice', 'bulk'] as const).flatMap((kind): Row[] => {
    const t = timesOf(merged(summary.groups.filter((g) => g.class === kind).map((g) => g.figures.times)));
    if (t.n === 0) return [];
    const figures = [MINUTE, 5 * MINUTE, 15 * MINUTE].map((limit) => share(t.within(limit), t.n));
    return [{ name: kind, note: `half within ${timeTaken(t.median)}, 95 of 100 within ${timeTaken(t.p95)}`, figures }];
  });
  return table(['of those that arrived', '≤ 1 min', '≤ 5 min', '≤ 15 min'], rows);
}

const places = (summary: Summary): Markup =>
  table(
    ['', 'failed', 'later', 'lost'],
    summary.places.map((p) => ({
      name: p.recipientDomain,
      note: `${shortReason(p.cause)}${p.example ? `: “${p.example}”` : ''}`,
      figures: [p.failed, p.cured + p.saved, p.lost].map(many),
    })),
  );

const ends = (f: Figures): Markup =>
  table(
    ['', 'number'],
    f.ends.slice(0, 15).map((e) => ({ name: `${shortReason(e.reason)} (${e.state})`, figures: [many(e.n)] })),
  );

function cures(summary: Summary): Markup {
  const rows = summary.total.cures.map((c) => ({
    name: shortReason(c.cause),
    ...(c.saved > 0 ? { note: `${many(c.saved)} of ${many(c.failed)} saved by the fallback` } : {}),
    figures: [many(c.retried), many(c.cured), share(c.cured, c.retried)],
  }));
  return html`${table(['first failure', 're-posted', 'cured', 'rate'], rows)}
<p class="ink" style="margin:12px 0 0;font-size:14px;line-height:1.5;${INK}">Does re-posting help? ${helpWords(summary.total.retries)}</p>
<p class="ink" style="margin:6px 0 0;font-size:14px;line-height:1.5;${INK}">Do we need a dedicated IP? ${dedicatedIpWords(summary.total)}</p>`;
}

const lost = (summary: Summary): Markup =>
  table(
    ['', ''],
    (summary.lost ?? []).map((d) => ({
      name: d.recipient,
      note: `${d.subject ?? '(no subject)'} · ${shortReason(d.reason)}`,
      figures: [d.state],
    })),
  );

function itself(summary: Summary): Markup {
  const { found } = summary.total;
  const polled = found.poll + found.lookup;
  const events = polled + found.webhook;
  const lines = [
    `${many(summary.alertsSent)} alert${summary.alertsSent === 1 ? '' : 's'} sent.`,
    events === 0
      ? 'No event of the provider came in.'
      : `${many(events)} events came in, ${percent(polled / events)} of them only because we asked.`,
    ...(summary.troubles.length === 0
      ? ['No outage is known.']
      : summary.troubles.slice(-10).map((o) => `${timeWords(o.since)}: ${o.kind.replaceAll('_', ' ')}. ${o.detail}`)),
  ];
  return html`${lines.map((line) => html`<p class="ink" style="margin:0 0 6px;font-size:14px;line-height:1.5;overflow-wrap:anywhere;${INK}">${line}</p>`)}`;
}
