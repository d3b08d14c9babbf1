// What a page shows of a summary: its tiles, and its tables, one function each.

import { dedicatedIpWords, helpWords } from '../../core/figures/cures.ts';
import { type Figures, timesOfClass } from '../../core/figures/figures.ts';
import type { LostDelivery, Summary } from '../../core/figures/summary.ts';
import { type Times, timesOf } from '../../core/figures/times.ts';
import { MINUTE } from '../../core/time.ts';
import { many, percent, timeTaken } from '../../core/words/numbers.ts';
import { shortReason } from '../../core/words/reasons.ts';
import { alertsWords, backupWords, drillWords, troublesWords } from './itself.ts';

/** A figure with its name and what belongs to it. */
export type Tile = { name: string; value: string; below: string; tone?: 'bad' | 'good' };

/** A row: what it is about, with a note on it, and its figures. */
export type Row = { name: string; note?: string; figures: readonly string[] };

/** A table, and sentences that belong to it or stand in its place. */
export type Table = { title: string; head: readonly string[]; rows: readonly Row[]; says?: readonly string[] };

export function tilesOf(summary: Summary): Tile[] {
  const { total, before } = summary;
  const access = timesOfClass(summary.groups, 'access');
  const asked = total.deliveries - total.states.cancelled;
  return [
    { name: 'deliveries', value: many(total.deliveries), below: `${many(before.deliveries)} before` },
    {
      name: 'arrived',
      value: asked === 0 ? '–' : percent(total.arrived / asked),
      below: `${many(total.arrived)} of ${many(asked)}`,
    },
    {
      name: 'did not arrive',
      value: many(total.lost),
      below: `${many(before.lost)} before`,
      tone: total.lost > 0 ? 'bad' : 'good',
    },
    access.n > 0 ? timesTile('access, half within', access) : timesTile('half within', timesOf(total.times)),
  ];
}

const timesTile = (name: string, { median, p95 }: Times): Tile => ({
  name,
  value: timeTaken(median),
  below: `95 of 100 within ${timeTaken(p95)}`,
});

/** The tables that there is something for. */
export function tablesOf(summary: Summary): Table[] {
  const { total, groups: kinds, places: failing, lost: named } = summary;
  return [
    ...(kinds.length > 0 ? [groups(summary)] : []),
    ...(total.arrived > 0 ? [onTime(summary)] : []),
    ...(failing.length > 0 ? [places(summary)] : []),
    ...(total.ends.length > 0 ? [ends(total)] : []),
    ...(total.cures.length > 0 ? [cures(summary)] : []),
    ...(named !== null && named.length > 0 ? [lost(named)] : []),
    itself(summary),
  ];
}

function groups(summary: Summary): Table {
  const row = (name: string, f: Figures): Row => ({
    name,
    note: details(f),
    figures: [many(f.deliveries), share(f.arrived, f.deliveries - f.states.cancelled), many(f.lost)],
  });
  const rows = summary.groups.map((g) => row(`${g.domain} · ${g.class}`, g.figures));
  return {
    title: 'By domain and class',
    head: ['', 'asked for', 'arrived', 'lost'],
    rows: summary.groups.length > 1 ? [...rows, row('all', summary.total)] : rows,
  };
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

function onTime(summary: Summary): Table {
  const rows = (['access', 'notice', 'bulk'] as const).flatMap((kind): Row[] => {
    const t = timesOfClass(summary.groups, kind);
    if (t.n === 0) return [];
    const figures = [MINUTE, 5 * MINUTE, 15 * MINUTE].map((limit) => share(t.within(limit), t.n));
    return [{ name: kind, note: `half within ${timeTaken(t.median)}, 95 of 100 within ${timeTaken(t.p95)}`, figures }];
  });
  return { title: 'On time?', head: ['of those that arrived', '≤ 1 min', '≤ 5 min', '≤ 15 min'], rows };
}

const places = (summary: Summary): Table => ({
  title: 'Where it failed most',
  head: ['', 'failed', 'later', 'lost'],
  rows: summary.places.map((p) => ({
    name: p.recipientDomain,
    note: `${shortReason(p.cause)}${p.example ? `: “${p.example}”` : ''}`,
    figures: [p.failed, p.cured + p.saved, p.lost].map(many),
  })),
});

const ends = (f: Figures): Table => ({
  title: 'Did not arrive, by reason',
  head: ['', 'number'],
  rows: f.ends.slice(0, 15).map((e) => ({ name: `${shortReason(e.reason)} (${e.state})`, figures: [many(e.n)] })),
});

function cures(summary: Summary): Table {
  const rows = summary.total.cures.map((c) => ({
    name: shortReason(c.cause),
    ...(c.saved > 0 ? { note: `${many(c.saved)} of ${many(c.failed)} saved by the fallback` } : {}),
    figures: [many(c.retried), many(c.cured), share(c.cured, c.retried)],
  }));
  const says = [
    `Does re-posting help? ${helpWords(summary.total.retries)}`,
    `Do we need a dedicated IP? ${dedicatedIpWords(summary.total)}`,
  ];
  return { title: 'What re-posts cured', head: ['first failure', 're-posted', 'cured', 'rate'], rows, says };
}

const lost = (named: readonly LostDelivery[]): Table => ({
  title: 'Who did not get what',
  head: ['', ''],
  rows: named.map((d) => ({
    name: d.recipient,
    note: `${d.subject ?? '(no subject)'} · ${shortReason(d.reason)}`,
    figures: [d.state],
  })),
});

function itself(summary: Summary): Table {
  const { found } = summary.total;
  const polled = found.poll + found.lookup;
  const events = polled + found.webhook;
  const says = [
    alertsWords(summary),
    events === 0
      ? 'No event of the provider came in.'
      : `${many(events)} events came in, ${percent(polled / events)} of them only because we asked.`,
    ...troublesWords(summary),
    ...drillWords(summary),
    ...backupWords(summary),
  ];
  return { title: 'Homing itself', head: [], rows: [], says };
}

const share = (part: number, all: number): string => (all === 0 ? '–' : percent(part / all));
