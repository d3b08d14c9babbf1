import { stringify } from 'csv-stringify/sync';
import { CSV_OPTIONS, disarm } from '../../base/csv.ts';
import { causeWords, dedicatedIpWords, helpWords } from '../../core/figures/cures.ts';
import type { Retry } from '../../core/figures/figures.ts';
import { type RepostCount, type Reposts, repostsByCause, repostsOf } from '../../core/figures/reposts.ts';
import type { FailingPlace, Summary } from '../../core/figures/summary.ts';
import { groupBy } from '../../core/group.ts';
import { percent } from '../../core/words/numbers.ts';
import { shortReason } from '../../core/words/reasons.ts';
import { columns, figure, figures, names, words, wrap } from './columns.ts';
import { periodWords } from './days.ts';
import { CODES, cures, section, type TextOptions } from './text.ts';

/** Cure rates by cause and by recipient domain, and what they say about re-posting and a dedicated IP address. */
export function curesText(summary: Summary, { colours }: TextOptions = { colours: false }): string {
  const heading = (text: string) => (colours ? `${CODES.bold}${text}\x1b[0m` : text);
  const { total } = summary;
  const rows = rowsOf(summary);
  const part = (title: string, body: string, there = true) => (there ? [section(heading, title, body)] : []);
  const sections = [
    `${heading('Cures')}  ${periodWords(summary.period)} (${summary.period.timezone})`,
    wrap(`Does re-posting help? ${helpWords(total.retries)}`),
    wrap(`Do we need a dedicated IP? ${dedicatedIpWords(total)}`),
    ...part('By cause', total.cures.length > 0 ? cures(total) : 'Nothing failed.'),
    ...part('By recipient domain', byPlace(summary.places), summary.places.length > 0),
    ...part('Re-posts by sending IP, cured of made', byIp(rows), rows.length > 0),
    ...part('Re-posts by attempt, cured of made', byAttempt(rows), rows.length > 0),
    ...part(
      'What they say',
      causeWords(total)
        .map((w) => wrap(w))
        .join('\n'),
      rows.length > 0,
    ),
  ];
  return `${sections.join('\n\n')}\n`;
}

function byPlace(places: readonly FailingPlace[]): string {
  const rows = places.map((p) => [
    p.recipientDomain,
    shortReason(p.cause),
    ...[p.failed, p.retried, p.cured],
    p.retried === 0 ? '–' : percent(p.cured / p.retried),
  ]);
  return columns(
    [['domain', 'cause', 'failed', 'retried', 'cured', 'rate'], ...rows],
    [names(24), words(24), ...[8, 8, 7, 8].map(figures)],
  );
}

type Row = { domain: string; cause: string; reposts: Reposts };

/** In all, by cause, and by recipient domain and cause. */
function rowsOf({ total, places }: Summary): Row[] {
  const all = { domain: 'all', cause: 'all', reposts: repostsOf(total.retries) };
  const causes = repostsByCause(total.retries).map((c) => ({ domain: 'all', ...c, cause: shortReason(c.cause) }));
  const domains = places.map((p) => ({
    domain: p.recipientDomain,
    cause: shortReason(p.cause),
    reposts: repostsOf(p.retries),
  }));
  return [all, ...causes, ...domains].filter((row) => row.reposts.made > 0);
}

const LAYOUT = [names(18), words(22), ...[10, 10, 10, 10].map(figures)];

function byIp(rows: readonly Row[]): string {
  const lines = rows.map(({ domain, cause, reposts }) => {
    const { changed, same, unknown } = reposts.sendingIp;
    return [domain, cause, ...[reposts, changed, same, unknown].map(curedOf)];
  });
  return columns([['domain', 'after', 'in all', 'other IP', 'same IP', 'unknown'], ...lines], LAYOUT);
}

function byAttempt(rows: readonly Row[]): string {
  const lines = rows.map(({ domain, cause, reposts }) => {
    const of = (fits: (attempt: number) => boolean) => curedOf(sumOf(reposts.byAttempt.filter((a) => fits(a.attempt))));
    return [domain, cause, ...[2, 3, 4].map((n) => of((attempt) => attempt === n)), of((attempt) => attempt >= 5)];
  });
  return columns([['domain', 'after', 'attempt 2', '3', '4', '5 on'], ...lines], LAYOUT);
}

const sumOf = (all: readonly RepostCount[]): Pick<RepostCount, 'made' | 'cured'> => ({
  made: all.reduce((sum, t) => sum + t.made, 0),
  cured: all.reduce((sum, t) => sum + t.cured, 0),
});

const curedOf = ({ cured, made }: Pick<RepostCount, 'made' | 'cured'>): string =>
  made === 0 ? '–' : `${figure(cured, 4)}/${figure(made, 4)}`;

/**
 * One row for each listed recipient domain, cause, attempt and sending IP. What is of no listed domain is `(others)`, so
 * that the rows sum to all re-posts.
 */
export function curesCsv(summary: Summary): string {
  const listed = summary.places.map((p) => ({ domain: p.recipientDomain, retries: p.retries }));
  const rows = [...listed, { domain: '(others)', retries: othersOf(summary) }].flatMap(({ domain, retries }) =>
    [...groupBy(retries, (r) => `${r.cause} ${r.attempt} ${r.sendingIp}`).values()].flatMap((same) => {
      const [first] = same;
      const t = repostsOf(same);
      if (t.made === 0) return [];
      return [[domain, first.cause, first.attempt, first.sendingIp, t.made, t.cured, t.failed, t.open]];
    }),
  );
  const { firstDay, lastDay, timezone } = summary.period;
  return stringify(
    rows.map((row) => [firstDay, lastDay, timezone, ...row].map((cell) => disarm(cell))),
    { ...CSV_OPTIONS, columns: COLUMNS },
  );
}

const COLUMNS = [
  ...['first_day', 'last_day', 'timezone', 'recipient_domain', 'cause', 'attempt', 'sending_ip'],
  ...['reposts', 'cured', 'failed', 'open'],
];

function othersOf({ total, places }: Summary): Retry[] {
  const key = (r: Retry) => `${r.cause} ${r.attempt} ${r.sendingIp} ${r.result}`;
  const left = new Map(total.retries.map((r) => [key(r), r.n]));
  for (const r of places.flatMap((p) => p.retries)) left.set(key(r), (left.get(key(r)) ?? 0) - r.n);
  // Events that came in between the two readings may be counted in one of them alone.
  return total.retries.map((r) => ({ ...r, n: Math.max(0, left.get(key(r)) ?? 0) }));
}
