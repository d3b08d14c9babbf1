import { helpWords } from '../../core/figures/cures.ts';
import { type Figures, timesOfClass } from '../../core/figures/figures.ts';
import { sentence } from '../../core/figures/headline.ts';
import type { LostDelivery, Summary } from '../../core/figures/summary.ts';
import { MINUTE } from '../../core/time.ts';
import { many, percent, timeTaken, timeWords } from '../../core/words/numbers.ts';
import { shortReason } from '../../core/words/reasons.ts';
import { align, columns, cut, figures, names, words, wrap } from './columns.ts';
import { periodWords } from './days.ts';
import { alertsWords, troublesWords } from './itself.ts';

export type TextOptions = { colours: boolean };

/** The summary in 80 columns, for a mail and for a terminal. */
export function summaryText(summary: Summary, { colours }: TextOptions = { colours: false }): string {
  const paint: Paint = (style, text) => (colours ? `${CODES[style]}${text}\x1b[0m` : text);
  const heading = (text: string) => paint('bold', text);
  const alarming = summary.total.lost > 0 ? 'yellow' : 'green';
  const sections = [
    `${heading('Delivery report')}  ${periodWords(summary.period)} (${summary.period.timezone})`,
    wrap(sentence(summary))
      .split('\n')
      .map((line) => paint(alarming, line))
      .join('\n'),
    overview(summary),
    ...(summary.groups.length > 0 ? [section(heading, 'By domain and class', byGroup(summary))] : []),
    ...(summary.total.arrived > 0 ? [section(heading, 'Time to delivery', times(summary))] : []),
    ...(summary.total.ends.length > 0 ? [section(heading, 'Did not arrive, by reason', ends(summary.total))] : []),
    ...(summary.total.cures.length > 0
      ? [section(heading, 'Failures and what became of them', `${cures(summary.total)}\n${help(summary.total)}`)]
      : []),
    ...(summary.places.length > 0 ? [section(heading, 'Where it failed most', places(summary))] : []),
    ...(summary.lost !== null && summary.lost.length > 0
      ? [section(heading, 'Who did not get what', lost(summary))]
      : []),
    section(heading, 'Homing itself', itself(summary)),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Whether there are colours is for the caller to say: it knows where the text goes. */
export const CODES = { bold: '\x1b[1m', yellow: '\x1b[33m', green: '\x1b[32m' } as const;

type Paint = (style: 'bold' | 'yellow' | 'green', text: string) => string;

export const section = (heading: (text: string) => string, title: string, body: string): string =>
  `${heading(title)}\n${body}`;

function overview({ total, before, week, weekShare, period }: Summary): string {
  const one = period.days === 1;
  const head = one ? ['that day', 'day before', "week's mean"] : ['this time', 'time before', "week's mean"];
  const usual = (n: number) => Math.round(n * weekShare);
  const row = (name: string, pick: (f: Figures) => number, share = true) => {
    const n = pick(total);
    const part = share && n > 0 ? percent(n / total.deliveries) : '';
    return [name, n, part, pick(before), usual(pick(week))];
  };
  const retried = (f: Figures) => f.afterRetry.reduce((sum, r) => sum + r.n, 0);
  const rows = [
    ['', head[0] ?? '', '', head[1] ?? '', head[2] ?? ''],
    row('Messages', (f) => f.messages, false),
    row('Deliveries', (f) => f.deliveries, false),
    row('  arrived at the first try', (f) => f.firstTry),
    row('  arrived after a retry', retried),
    ...total.afterRetry.map(({ attempt, n }) => [`    by attempt ${attempt}`, n, '', '', '']),
    row('  went out by the fallback', (f) => f.byFallback),
    row('  failed', (f) => f.states.failed),
    row('  abandoned', (f) => f.states.abandoned),
    row('  expired', (f) => f.states.expired),
    row('  cancelled', (f) => f.states.cancelled),
    row('  still open', (f) => f.open),
    row('Doubles, certain', (f) => f.doubles.certain, false),
    row('Doubles, possible', (f) => f.doubles.possible, false),
  ];
  return columns(rows, [names(32), figures(11), figures(9), figures(14), figures(14)]);
}

function byGroup(summary: Summary): string {
  const head = ['domain', 'class', 'asked', 'first', 'retry', 'fallb.', 'lost', 'canc.', 'open'];
  const of = (f: Figures) => {
    const retried = f.arrived - f.firstTry - f.byFallback;
    return [f.deliveries, f.firstTry, retried, f.byFallback, f.lost, f.states.cancelled, f.open];
  };
  const rows = summary.groups.map((g) => [g.domain, g.class, ...of(g.figures)]);
  return columns(
    [head, ...rows, ['all', '', ...of(summary.total)]],
    [names(24), names(7), ...[9, 8, 7, 7, 6, 6, 6].map(figures)],
  );
}

function times(summary: Summary): string {
  const head = ['class', 'arrived', 'median', '95 of 100', '≤ 1 min', '≤ 5 min', '≤ 15 min'];
  const classes = ['access', 'notice', 'bulk'] as const;
  const rows = classes.flatMap((kind) => {
    const t = timesOfClass(summary.groups, kind);
    if (t.n === 0) return [];
    const share = (limit: number) => percent(t.within(limit) / t.n);
    return [[kind, t.n, timeTaken(t.median), timeTaken(t.p95), share(MINUTE), share(5 * MINUTE), share(15 * MINUTE)]];
  });
  return columns([head, ...rows], [names(8), ...[9, 14, 14, 11, 11, 11].map(figures)]);
}

const ends = (f: Figures): string =>
  columns(
    f.ends.slice(0, 15).map((e) => [e.n, '', e.state, shortReason(e.reason)]),
    [figures(9), figures(2), names(12), words(50)],
  );

export function cures(f: Figures): string {
  const head = ['first failure', 'failed', 'retried', 'cured', 'rate', 'fallb.', 'lost', 'canc.', 'open'];
  const rows = f.cures
    .slice(0, 15)
    .map((c) => [
      shortReason(c.cause),
      ...[c.failed, c.retried, c.cured],
      c.retried === 0 ? '–' : percent(c.cured / c.retried),
      ...[c.saved, c.lost, c.cancelled, c.open],
    ]);
  return columns([head, ...rows], [words(24), ...[7, 8, 7, 8, 7, 6, 6, 6].map(figures)]);
}

const help = (f: Figures): string => wrap(`Does re-posting help? ${helpWords(f.retries)}`);

const places = (summary: Summary): string =>
  summary.places
    .map((p) => {
      const parts = [
        p.cured > 0 ? `${p.cured} arrived later` : '',
        p.saved > 0 ? `${p.saved} by the fallback` : '',
        p.lost > 0 ? `${p.lost} lost` : '',
      ];
      const became = parts.filter((x) => x !== '').join(', ');
      const line = `${align(many(p.failed), 9)}  ${cut(p.recipientDomain, 28)}  ${shortReason(p.cause)}`;
      return [
        line,
        ...(became ? [`        ${became}`] : []),
        ...(p.example ? [wrap(`"${p.example}"`, 72, '        ')] : []),
      ].join('\n');
    })
    .join('\n');

const lost = ({ lost }: Summary): string => (lost ?? []).map(lostLines).join('\n');

/** Recipient and reason are side by side where both have room: neither is cut. */
function lostLines({ recipient, subject, state, reason }: LostDelivery): string {
  const why = `${state}: ${shortReason(reason)}`;
  const isNarrow = recipient.length <= 44 && why.length <= 32;
  const head = isNarrow ? `  ${cut(recipient, 44)}  ${why}` : `${wrap(recipient, 78, '  ')}\n${wrap(why, 76, '    ')}`;
  return `${head}\n${wrap(subject ?? '(no subject)', 74, '    ')}`;
}

function itself(summary: Summary): string {
  const { found } = summary.total;
  const events = found.webhook + found.poll + found.lookup;
  const polled = found.poll + found.lookup;
  const lines = [
    alertsWords(summary),
    events === 0
      ? 'No event of the provider came in.'
      : `${many(events)} events came in; ${many(polled)} (${percent(polled / events)}) only because we asked, not by webhook.`,
    ...troublesWords(summary),
    `Counted at ${timeWords(summary.generatedAt)}; late events change these figures. Times to delivery are exact to 10 %.`,
  ];
  return lines.map((line) => wrap(line)).join('\n');
}
