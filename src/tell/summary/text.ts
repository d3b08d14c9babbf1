import { copyWords, type Unproven } from '../../core/figures/copies.ts';
import { helpWords } from '../../core/figures/cures.ts';
import { type Figures, timesOfClass } from '../../core/figures/figures.ts';
import { sentence } from '../../core/figures/headline.ts';
import type { FailingPlace, LostDelivery, Summary } from '../../core/figures/summary.ts';
import { MINUTE } from '../../core/time.ts';
import { many, percent, timeTaken, timeWords } from '../../core/words/numbers.ts';
import { shortReason } from '../../core/words/reasons.ts';
import { align, columns, cut, figures, names, words, wrap } from './columns.ts';
import { periodWords } from './days.ts';
import { alertsWords, backupWords, drillWords, troublesWords } from './itself.ts';

export type TextOptions = { colours: boolean };

/** The summary in 80 columns, for a mail and for a terminal. */
export function summaryText(summary: Summary, { colours }: TextOptions = { colours: false }): string {
  const { total, groups, places, lost } = summary;
  const paint: Paint = (style, text) => (colours ? `${CODES[style]}${text}\x1b[0m` : text);
  const part = (title: string, isThere: boolean, body: () => string) =>
    isThere ? [section((text) => paint('bold', text), title, body())] : [];
  const sections = [
    `${paint('bold', 'Delivery report')}  ${periodWords(summary.period)} (${summary.period.timezone})`,
    painted(wrap(sentence(summary)), (line) => paint(total.lost > 0 ? 'yellow' : 'green', line)),
    overview(summary),
    ...part('By domain and class', groups.length > 0, () => byGroup(summary)),
    ...part(
      'Second copies without proof',
      total.copies.some(({ n }) => n > 0),
      () => copies(summary),
    ),
    ...part('Time to delivery', total.arrived > 0, () => times(summary)),
    ...part('Did not arrive, by reason', total.ends.length > 0, () => ends(total)),
    ...part('Failures and what became of them', total.cures.length > 0, () => `${cures(total)}\n${help(total)}`),
    ...part('Where it failed most', places.length > 0, () => placesText(summary)),
    ...part('Who did not get what', lost !== null && lost.length > 0, () => lostText(summary)),
    ...part('Homing itself', true, () => itself(summary)),
  ];
  return `${sections.join('\n\n')}\n`;
}

const painted = (lines: string, paint: (line: string) => string): string => lines.split('\n').map(paint).join('\n');

/** Whether there are colours is for the caller to say: it knows where the text goes. */
export const CODES = { bold: '\x1b[1m', yellow: '\x1b[33m', green: '\x1b[32m' } as const;

type Paint = (style: 'bold' | 'yellow' | 'green', text: string) => string;

export const section = (heading: (text: string) => string, title: string, body: string): string =>
  `${heading(title)}\n${body}`;

type Line = { name: string; of: (f: Figures) => number; hasShare?: true };

const ASKED: readonly Line[] = [
  { name: 'Messages', of: (f) => f.messages },
  { name: 'Deliveries', of: (f) => f.deliveries },
  { name: '  arrived at the first try', of: (f) => f.firstTry, hasShare: true },
  { name: '  arrived after a retry', of: (f) => f.afterRetry.reduce((sum, r) => sum + r.n, 0), hasShare: true },
];
const BECAME: readonly Line[] = [
  { name: '  went out by the fallback', of: (f) => f.byFallback, hasShare: true },
  { name: '  failed', of: (f) => f.states.failed, hasShare: true },
  { name: '  abandoned', of: (f) => f.states.abandoned, hasShare: true },
  { name: '  expired', of: (f) => f.states.expired, hasShare: true },
  { name: '  cancelled', of: (f) => f.states.cancelled, hasShare: true },
  { name: '  still open', of: (f) => f.open, hasShare: true },
  { name: 'Doubles, certain', of: (f) => f.doubles.certain },
  { name: 'Doubles, possible', of: (f) => f.doubles.possible },
];

function overview({ total, before, week, weekShare, period }: Summary): string {
  const then = period.days === 1 ? ['that day', 'day before'] : ['this time', 'time before'];
  const row = ({ name, of, hasShare }: Line) => {
    const n = of(total);
    const share = hasShare && n > 0 ? percent(n / total.deliveries) : '';
    return [name, n, share, of(before), Math.round(of(week) * weekShare)];
  };
  const rows = [
    ['', then[0] ?? '', '', then[1] ?? '', "week's mean"],
    ...ASKED.map(row),
    ...total.afterRetry.map(({ attempt, n }) => [`    by attempt ${attempt}`, n, '', '', '']),
    ...BECAME.map(row),
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

function copies(summary: Summary): string {
  const by = new Map<string, number>();
  for (const { class: kind, figures: f } of summary.groups)
    for (const { why, n } of f.copies) if (n > 0) by.set(`${kind} ${why}`, (by.get(`${kind} ${why}`) ?? 0) + n);
  const rows = [...by].map(([name, n]) => {
    const [kind = '', why = ''] = name.split(' ');
    return [n, '', kind, copyWords(why as Unproven)];
  });
  return columns(rows, [figures(9), figures(2), names(8), words(56)]);
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

const placesText = ({ places }: Summary): string => places.flatMap(placeLines).join('\n');

function placeLines({ recipientDomain, cause, failed, cured, saved, lost, example }: FailingPlace): string[] {
  const parts = [
    cured > 0 ? `${cured} arrived later` : '',
    saved > 0 ? `${saved} by the fallback` : '',
    lost > 0 ? `${lost} lost` : '',
  ].filter((part) => part !== '');
  return [
    `${align(many(failed), 9)}  ${cut(recipientDomain, 28)}  ${shortReason(cause)}`,
    ...(parts.length > 0 ? [`        ${parts.join(', ')}`] : []),
    ...(example ? [wrap(`"${example}"`, 72, '        ')] : []),
  ];
}

const lostText = ({ lost }: Summary): string => (lost ?? []).map(lostLines).join('\n');

/** Recipient and reason are side by side where both have room: neither is cut. */
function lostLines({ recipient, subject, state, reason }: LostDelivery): string {
  const why = `${state}: ${shortReason(reason)}`;
  const hasRoom = recipient.length <= 44 && why.length <= 32;
  const head = hasRoom ? `  ${cut(recipient, 44)}  ${why}` : `${wrap(recipient, 78, '  ')}\n${wrap(why, 76, '    ')}`;
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
    ...drillWords(summary),
    ...backupWords(summary),
    `Counted at ${timeWords(summary.generatedAt)}; late events change these figures. Times to delivery are exact to 10 %.`,
  ];
  return lines.map((line) => wrap(line)).join('\n');
}
