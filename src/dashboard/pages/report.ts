import type Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import { parse } from '../../base/parse.ts';
import { sharedFor } from '../../base/shared.ts';
import { sentence } from '../../core/figures/headline.ts';
import type { Period, Summary } from '../../core/figures/summary.ts';
import { safeJson } from '../../core/safe-text.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import { asSentence } from '../../core/words/capital.ts';
import { type Drawing, drawings } from '../../tell/summary/charts/pictures.ts';
import { addDays, BadPeriod, dayAt, periodOf, periodWords } from '../../tell/summary/days.ts';
import { tablesOf, tilesOf } from '../../tell/summary/tables.ts';
import { summaryOf } from '../../tell/summary-of.ts';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import { showPicture, type Width, widthIn } from './picture.ts';

/** A report serves everybody who asks for the same days within this time. */
const FRESH: Ms = 10 * SECOND;
const MOST_KEPT = 20;
const WIDTHS: Record<Width, number> = { wide: 632, narrow: 320 };

/** What arrived, what did not and why, of any days. */
export function addReport(router: Router, desk: Desk): void {
  const reports = createReports(desk);
  router.get('/report', desk.allow('support'), async (ctx) => {
    const period = periodIn(ctx, desk);
    const { summary, pictures } = await reports(period);
    const { firstDay, lastDay } = period;
    desk.show(ctx, 'report', {
      ...{ title: TEXTS.nav.report, period, days: periodWords(period), sentence: sentence(summary) },
      ...{ tiles: tilesOf(summary), tables: tablesOf(summary), generatedAt: summary.generatedAt },
      pictures: pictures.wide.map((wide, i) => ({ ...wide, narrow: pictures.narrow[i] })),
      ...{ of: new URLSearchParams({ from: firstDay, to: lastDay }).toString(), spans: spansAt(desk) },
    });
  });
  router.get('/report/:picture-:theme.svg', desk.allow('support'), async (ctx) => {
    const { picture, theme } = ctx['params'] as Record<string, string>;
    const { pictures } = await reports(periodIn(ctx, desk));
    const found = pictures[widthIn(ctx)].find(({ id }) => id === picture);
    if (!found) throw new AppError('not_found', TEXTS.errors.nothing);
    showPicture(ctx, await found.svg(theme === 'dark' ? 'dark' : 'light'));
  });
  router.get('/report.csv', desk.allow('support'), async (ctx) => {
    const { summary } = await reports(periodIn(ctx, desk));
    const { summaryCsv } = await import('../../tell/summary/csv.ts');
    download(ctx, summary, 'csv', summaryCsv(summary));
  });
  router.get('/report.json', desk.allow('support'), async (ctx) => {
    const { summary } = await reports(periodIn(ctx, desk));
    const { summaryJson } = await import('../../tell/summary/json.ts');
    download(ctx, summary, 'json', `${safeJson(summaryJson(summary), 2)}\n`);
  });
}

const SEARCH = z.object({ from: z.string().max(10).optional(), to: z.string().max(10).optional() });

/** The days that are asked for; yesterday when none are. */
function periodIn(ctx: Context, { timezone, now }: Desk): Period {
  const { from, to } = parse(SEARCH, { ...ctx.query });
  const last = to || from || addDays(dayAt(now(), timezone), -1, timezone);
  try {
    return periodOf(from || last, last, timezone, now());
  } catch (error) {
    if (error instanceof BadPeriod) throw new AppError('invalid', asSentence(error.message));
    throw error;
  }
}

/** The days that most want to see. */
function spansAt({ timezone, now }: Desk): { says: string; of: string }[] {
  const today = dayAt(now(), timezone);
  const span = (says: string, first: number, last: number) => {
    const [from, to] = [first, last].map((days) => addDays(today, days, timezone));
    return { says, of: new URLSearchParams({ from: from ?? '', to: to ?? '' }).toString() };
  };
  const { report: says } = TEXTS;
  return [span(says.today, 0, 0), span(says.yesterday, -1, -1), span(says.week, -7, -1), span(says.month, -30, -1)];
}

type Report = { summary: Summary; pictures: Record<Width, Drawing[]> };

/** Makes each report once for all who look at it. Those asked for last are kept. */
function createReports({ store, now }: Desk): (period: Period) => Promise<Report> {
  const kept = new Map<string, () => Promise<Report>>();
  async function make(period: Period): Promise<Report> {
    const summary = await summaryOf(store, period, { now: now(), details: 'summary' });
    const pictures = { wide: drawings(summary, WIDTHS.wide), narrow: drawings(summary, WIDTHS.narrow) };
    return { summary, pictures };
  }
  return (period) => {
    const name = `${period.firstDay} ${period.lastDay}`;
    const report = kept.get(name) ?? sharedFor(FRESH, now, () => make(period));
    kept.delete(name);
    kept.set(name, report);
    for (const oldest of [...kept.keys()].slice(0, -MOST_KEPT)) kept.delete(oldest);
    return report();
  };
}

function download(ctx: Context, { period }: Summary, ending: 'csv' | 'json', text: string): void {
  ctx.body = text;
  ctx.attachment(`report-${period.firstDay}-${period.lastDay}.${ending}`);
  ctx.type = ending === 'csv' ? 'text/csv; charset=utf-8' : 'application/json; charset=utf-8';
  ctx.set('Cache-Control', 'no-store');
}
