// The tables of the page, one function each.

import { html, type Markup } from '../../base/markup.ts';
import { dedicatedIpWords, helpWords } from '../../core/figures/cures.ts';
import { type Figures, timesOfClass } from '../../core/figures/figures.ts';
import type { Summary } from '../../core/figures/summary.ts';
import { MINUTE } from '../../core/time.ts';
import { many, percent, timeTaken } from '../../core/words/numbers.ts';
import { shortReason } from '../../core/words/reasons.ts';
import { paragraph, type Row, table } from './html-parts.ts';
import { alertsWords, drillWords, troublesWords } from './itself.ts';

export function groups(summary: Summary): Markup {
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

/** By which way they arrived, and what became of the others; what did not happen is left out. */
function details(f: Figures): string {
  const rest = (
    [
      [f.byFallback, 'by fallback'],
      [f.states.failed, 'failed'],
      [f.states.abandoned, 'abandoned'],
      [f.states.expired, 'expired'],
      [f.open, 'open'],
      [f.states.cancelled, 'cancelled'],
      [f.doubles.certain, 'double'],
      [f.doubles.possible, 'perhaps double'],
    ] as const
  ).filter(([n]) => n > 0);
  const retried = f.afterRetry.map(({ attempt, n }) => [n, `by attempt ${attempt}`] as const);
  const parts = [[f.firstTry, 'at first try'] as const, ...retried, ...rest];
  return parts.map(([n, what]) => `${many(n)} ${what}`).join(', ');
}

export function onTime(summary: Summary): Markup {
  const rows = (['access', 'notice', 'bulk'] as const).flatMap((kind): Row[] => {
    const t = timesOfClass(summary.groups, kind);
    if (t.n === 0) return [];
    const figures = [MINUTE, 5 * MINUTE, 15 * MINUTE].map((limit) => share(t.within(limit), t.n));
    return [{ name: kind, note: `half within ${timeTaken(t.median)}, 95 of 100 within ${timeTaken(t.p95)}`, figures }];
  });
  return table(['of those that arrived', '≤ 1 min', '≤ 5 min', '≤ 15 min'], rows);
}

export const places = (summary: Summary): Markup =>
  table(
    ['', 'failed', 'later', 'lost'],
    summary.places.map((p) => ({
      name: p.recipientDomain,
      note: `${shortReason(p.cause)}${p.example ? `: “${p.example}”` : ''}`,
      figures: [p.failed, p.cured + p.saved, p.lost].map(many),
    })),
  );

export const ends = (f: Figures): Markup =>
  table(
    ['', 'number'],
    f.ends.slice(0, 15).map((e) => ({ name: `${shortReason(e.reason)} (${e.state})`, figures: [many(e.n)] })),
  );

export function cures(summary: Summary): Markup {
  const rows = summary.total.cures.map((c) => ({
    name: shortReason(c.cause),
    ...(c.saved > 0 ? { note: `${many(c.saved)} of ${many(c.failed)} saved by the fallback` } : {}),
    figures: [many(c.retried), many(c.cured), share(c.cured, c.retried)],
  }));
  return html`${table(['first failure', 're-posted', 'cured', 'rate'], rows)}
${paragraph(`Does re-posting help? ${helpWords(summary.total.retries)}`, '12px 0 0')}
${paragraph(`Do we need a dedicated IP? ${dedicatedIpWords(summary.total)}`, '6px 0 0')}`;
}

export const lost = (summary: Summary): Markup =>
  table(
    ['', ''],
    (summary.lost ?? []).map((d) => ({
      name: d.recipient,
      note: `${d.subject ?? '(no subject)'} · ${shortReason(d.reason)}`,
      figures: [d.state],
    })),
  );

export function itself(summary: Summary): Markup {
  const { found } = summary.total;
  const polled = found.poll + found.lookup;
  const events = polled + found.webhook;
  const lines = [
    alertsWords(summary),
    events === 0
      ? 'No event of the provider came in.'
      : `${many(events)} events came in, ${percent(polled / events)} of them only because we asked.`,
    ...troublesWords(summary),
    ...drillWords(summary),
  ];
  return html`${lines.map((line) => paragraph(line, '0 0 6px'))}`;
}

const share = (part: number, all: number): string => (all === 0 ? '–' : percent(part / all));
