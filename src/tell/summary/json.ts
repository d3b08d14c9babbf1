import type { KeptRestoreDrill } from '../../core/backups.ts';
import type { KeptDrill } from '../../core/drills.ts';
import { causeWords, dedicatedIpWords, helpWords } from '../../core/figures/cures.ts';
import type { Figures, Group } from '../../core/figures/figures.ts';
import { sentence } from '../../core/figures/headline.ts';
import { cureRate, type RepostCount, type Reposts, repostsByCause, repostsOf } from '../../core/figures/reposts.ts';
import type { FailingPlace, Summary } from '../../core/figures/summary.ts';
import { timesOf } from '../../core/figures/times.ts';
import { MINUTE, type Ms, SECOND } from '../../core/time.ts';

/**
 * The summary as JSON. Names are a contract: new ones are added, and none changes its meaning. Times are ISO 8601 in
 * UTC, lengths say their unit, shares are percentages. docs/report.md explains each.
 */
export function summaryJson(summary: Summary): Record<string, unknown> {
  return {
    version: 1,
    period: {
      firstDay: summary.period.firstDay,
      lastDay: summary.period.lastDay,
      days: summary.period.days,
      timezone: summary.period.timezone,
      from: iso(summary.period.from),
      to: iso(summary.period.to),
      hours: (summary.period.to - summary.period.from) / (60 * MINUTE),
    },
    generatedAt: iso(summary.generatedAt),
    sentence: sentence(summary),
    total: figuresJson(summary.total),
    groups: summary.groups.map((g: Group) => ({ domain: g.domain, class: g.class, ...figuresJson(g.figures) })),
    daysBefore: comparedJson(summary.before),
    weekBefore: comparedJson(summary.week),
    topFailures: summary.places.map(placeJson),
    alertsSent: summary.alertsSent,
    ...(summary.drill === null ? {} : { drill: drillJson(summary.drill) }),
    ...(summary.backups === null ? {} : { backups: backupsJson(summary.backups) }),
    outages: summary.troubles.map((o) => ({ kind: o.kind, since: iso(o.since), detail: o.detail })),
    daily: summary.daily,
    ...(summary.lost === null ? {} : { notArrived: summary.lost }),
  };
}

const drillJson = ({ fault, ground, startedAt, passed, failed }: KeptDrill) => ({
  ...{ fault, ground, startedAt: iso(startedAt), passed, failed },
});

const backupsJson = ({ state: { good, failure }, drill }: NonNullable<Summary['backups']>) => ({
  lastGoodAt: good && iso(good.startedAt),
  bytes: good?.bytes ?? null,
  ...(failure === null ? {} : { failedAt: iso(failure.startedAt), problem: failure.problem }),
  ...(drill === null ? {} : { drill: restoreDrillJson(drill) }),
});

const restoreDrillJson = ({ startedAt, backup, passed, failed, restoreTook }: KeptRestoreDrill) => ({
  ...{ startedAt: iso(startedAt), backup, passed, failed, restoreSeconds: seconds(restoreTook) },
});

const iso = (at: Ms): string => new Date(at).toISOString();
const seconds = (ms: Ms | null): number | null => (ms === null ? null : Math.round(ms) / SECOND);
const percentOf = (n: number, all: number): number | null => (all === 0 ? null : Math.round((10_000 * n) / all) / 100);

/** The figures of an earlier period to compare with; the reasons of its failures are in its own summary. */
function comparedJson(f: Figures) {
  const { ends: _ends, failures: _failures, retries: _retries, reposts: _reposts, ...rest } = figuresJson(f);
  const {
    events: _e,
    eventsByWebhook: _w,
    eventsOnlyByPolling: _p,
    eventsOnlyByPollingPercent: _s,
    ...compared
  } = rest;
  return compared;
}

function figuresJson(f: Figures) {
  const found = f.found.webhook + f.found.poll + f.found.lookup;
  return {
    messages: f.messages,
    deliveries: f.deliveries,
    states: f.states,
    arrived: f.arrived,
    arrivedAtFirstTry: f.firstTry,
    arrivedAfterRetry: f.afterRetry.reduce((sum, r) => sum + r.n, 0),
    arrivedAfterRetryByAttempt: f.afterRetry.map(({ attempt, n }) => ({ attempt, deliveries: n })),
    arrivedByFallback: f.byFallback,
    notArrived: f.lost,
    open: f.open,
    ends: f.ends.map(({ state, reason, n }) => ({ state, reason, deliveries: n })),
    doublesCertain: f.doubles.certain,
    doublesPossible: f.doubles.possible,
    copiesWithoutProof: f.copies.map(({ why, n }) => ({ why, copies: n })),
    ...timesJson(f),
    events: found,
    eventsByWebhook: f.found.webhook,
    eventsOnlyByPolling: f.found.poll + f.found.lookup,
    eventsOnlyByPollingPercent: percentOf(f.found.poll + f.found.lookup, found),
    failures: f.cures.map((c) => ({
      ...c,
      curedPercentOfRetried: percentOf(c.cured, c.retried),
    })),
    retries: f.retries.map(({ n, ...r }) => ({ ...r, retries: n })),
    reposts: {
      ...repostsJson(repostsOf(f.retries)),
      byCause: repostsByCause(f.retries).map((c) => ({ cause: c.cause, ...repostsJson(c.reposts) })),
    },
  };
}

const placeJson = ({ retries, ...place }: FailingPlace) => ({ ...place, reposts: repostsJson(repostsOf(retries)) });

function repostsJson(r: Reposts) {
  const { changed, same, unknown } = r.sendingIp;
  return {
    ...repostCountJson(r),
    byAttempt: r.byAttempt.map((a) => ({ attempt: a.attempt, ...repostCountJson(a) })),
    sendingIpChanged: repostCountJson(changed),
    sendingIpSame: repostCountJson(same),
    sendingIpUnknown: repostCountJson(unknown),
  };
}

function repostCountJson(t: RepostCount) {
  const rate = cureRate(t);
  const { made, cured, failed, open } = t;
  return { made, cured, failed, open, curedPercentOfEnded: rate === null ? null : Math.round(10_000 * rate) / 100 };
}

function timesJson(f: Figures) {
  const t = timesOf(f.times);
  const share = (limit: Ms) => percentOf(t.within(limit), t.n);
  return {
    timedDeliveries: t.n,
    timeToDeliveryMedianSeconds: seconds(t.median),
    timeToDelivery95thPercentileSeconds: seconds(t.p95),
    arrivedWithin1MinutePercent: share(MINUTE),
    arrivedWithin5MinutesPercent: share(5 * MINUTE),
    arrivedWithin15MinutesPercent: share(15 * MINUTE),
  };
}

/** Cure rates alone: by cause, by recipient domain, and for each retry whether it left from another IP address. */
export function curesJson(summary: Summary): Record<string, unknown> {
  const { version, period, generatedAt } = summaryJson(summary);
  const { failures, retries, reposts } = figuresJson(summary.total);
  const byPlace = summary.places.map((p) => ({
    ...placeJson(p),
    curedPercentOfRetried: percentOf(p.cured, p.retried),
  }));
  return {
    version,
    period,
    generatedAt,
    repostingHelps: helpWords(summary.total.retries),
    dedicatedIp: dedicatedIpWords(summary.total),
    sentences: causeWords(summary.total),
    byCause: failures,
    byPlace,
    reposts,
    retries,
  };
}
