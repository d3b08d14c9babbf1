import { html, type Markup } from '../../base/markup.ts';
import type { DrillReport } from '../../core/drills.ts';
import {
  CHECK_WORDS,
  FAULT_WORDS,
  figureWords,
  GROUND_WORDS,
  RESULT_WORDS,
  sinceWords,
  verdictWords,
} from '../../core/words/drills.ts';
import { timeTaken, timeWords } from '../../core/words/numbers.ts';
import type { Picture } from '../../tell/summary/charts/pictures.ts';
import { card, FAINT, framed, INK, paragraph, table, tile } from '../../tell/summary/html-parts.ts';
import { drainPicture } from './chart.ts';
import { lastedWords } from './markdown.ts';

/** A drill as one file: no script, nothing from outside, with a picture of the drain for wide and for narrow screens. */
export async function drillPage(report: DrillReport): Promise<string> {
  const [wide, narrow] = [await drainPicture(report, 632), await drainPicture(report, 320)];
  const title = `Drill of ${timeWords(report.startedAt)}`;
  const figures = figureWords(report).map(([name, figure]) => ({ name, figures: [figure] }));
  return framed(
    title,
    true,
    html`${opening(report, title)}
${card('Checks', checks(report))}
${card('Mail over time', html`${picture(wide, narrow)}${slots(report)}`)}
${card('Figures', table(['', ''], figures))}
${card('What happened', timeline(report))}`,
  );
}

function opening(report: DrillReport, title: string): Markup {
  const { fault, ground, figures, startedAt, endedAt } = report;
  const failed = report.checks.filter(({ result }) => result === 'failed').length;
  const what = `${FAULT_WORDS[fault]}, ${lastedWords(report)}. The drill ${verdictWords(report)}.`;
  return html`
<div class="card" style="background:#ffffff;border:1px solid #e5e9ef;border-radius:12px;padding:24px;margin:0 0 16px">
<p class="faint" style="margin:0 0 4px;font-size:13px;${FAINT}">${title} · ${GROUND_WORDS[ground]}</p>
<h1 class="ink" style="margin:0 0 18px;font-size:21px;line-height:1.35;font-weight:600;overflow-wrap:anywhere;${INK}">${what}</h1>
<div style="font-size:0;margin:0 -6px">
${tile('checks failed', String(failed), `of ${report.checks.length}`, failed > 0 ? 'bad' : 'good')}
${tile('the reset took', timeTaken(figures.resetTook), 'until it arrived')}
${tile('noticed after', timeTaken(figures.noticedAfter), 'Mailgun taken to be down')}
${tile('in all', timeTaken(endedAt - startedAt), `calm ${timeTaken(figures.calmAfter)} after the end`)}
</div>
</div>`;
}

const checks = ({ checks: all }: DrillReport): Markup =>
  table(
    ['', ''],
    all.map((one) => ({ name: CHECK_WORDS[one.check], note: one.says, figures: [RESULT_WORDS[one.result]] })),
  );

function picture(wide: Picture, narrow: Picture): Markup {
  const data = (png: Buffer) => `data:image/png;base64,${png.toString('base64')}`;
  return html`<picture>
<source media="(max-width: 480px) and (prefers-color-scheme: dark)" srcset="${data(narrow.dark)}"><source media="(max-width: 480px)" srcset="${data(narrow.light)}"><source media="(prefers-color-scheme: dark)" srcset="${data(wide.dark)}">
<img src="${data(wide.light)}" width="${wide.width}" alt="${wide.alt}" style="display:block;width:100%;max-width:${wide.width}px;height:auto;${FAINT};font-size:12px">
</picture>`;
}

const slots = (report: DrillReport): Markup =>
  html`<details style="margin:12px 0 0"><summary class="ink" style="font-size:14px;${INK}">The same in figures</summary>${table(
    ['from', 'by Mailgun', 'secondary', 'waiting'],
    report.slots.map(({ at, mailgun, secondary, waiting, sick }) => ({
      name: `${sinceWords(report, at)}${sick ? ' · fault' : ''}`,
      figures: [mailgun, secondary, waiting].map(String),
    })),
  )}</details>`;

const timeline = (report: DrillReport): Markup =>
  html`${report.timeline.map(({ at, who, says }) => paragraph(`${sinceWords(report, at)} · ${who}: ${says}`, '0 0 6px'))}`;
