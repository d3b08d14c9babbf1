import {
  causeWords,
  cureRate,
  dedicatedIpWords,
  helpWords,
  type Reposts,
  repostsByCause,
  repostsOf,
  type Tally,
} from '../../core/figures/cures.ts';
import { sentence } from '../../core/figures/headline.ts';
import { timesOf } from '../../core/figures/quantile.ts';
import type { Figures, Group, Place, Report } from '../../core/figures/summary.ts';
import { MINUTE, type Ms, SECOND } from '../../core/time.ts';

/**
 * The report as JSON. Names are a contract: they are added to and never change their meaning. Times are ISO 8601 in UTC,
 * lengths say their unit, shares are percentages. The README explains each.
 */
export function reportJson(r: Report): Record<string, unknown> {
  return {
    version: 1,
    period: {
      firstDay: r.period.firstDay,
      lastDay: r.period.lastDay,
      days: r.period.days,
      timezone: r.period.timezone,
      from: iso(r.period.from),
      to: iso(r.period.to),
      hours: (r.period.to - r.period.from) / (60 * MINUTE),
    },
    generatedAt: iso(r.generatedAt),
    sentence: sentence(r),
    total: figuresJson(r.total),
    groups: r.groups.map((g: Group) => ({ domain: g.domain, class: g.class, ...figuresJson(g.figures) })),
    daysBefore: comparedJson(r.before),
    weekBefore: comparedJson(r.week),
    topFailures: r.places.map(placeJson),
    alertsSent: r.alertsSent,
    outages: r.outages.map((o) => ({ kind: o.kind, since: iso(o.since), detail: o.detail })),
    daily: r.daily,
    ...(r.lost === null ? {} : { notArrived: r.lost }),
  };
}

const iso = (at: Ms): string => new Date(at).toISOString();
const seconds = (ms: Ms | null): number | null => (ms === null ? null : Math.round(ms) / SECOND);
const percentOf = (n: number, all: number): number | null => (all === 0 ? null : Math.round((10_000 * n) / all) / 100);

/** What a period before is compared by; why its failures happened is in its own report. */
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

const placeJson = ({ retries, ...place }: Place) => ({ ...place, reposts: repostsJson(repostsOf(retries)) });

function repostsJson(r: Reposts) {
  const { changed, same, unknown } = r.sendingIp;
  return {
    ...tallyJson(r),
    byAttempt: r.byAttempt.map((a) => ({ attempt: a.attempt, ...tallyJson(a) })),
    sendingIpChanged: tallyJson(changed),
    sendingIpSame: tallyJson(same),
    sendingIpUnknown: tallyJson(unknown),
  };
}

function tallyJson(t: Tally) {
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
export function curesJson(r: Report): Record<string, unknown> {
  const { version, period, generatedAt } = reportJson(r);
  const { failures, retries, reposts } = figuresJson(r.total);
  const byPlace = r.places.map((p) => ({ ...placeJson(p), curedPercentOfRetried: percentOf(p.cured, p.retried) }));
  return {
    version,
    period,
    generatedAt,
    repostingHelps: helpWords(r.total.retries),
    dedicatedIp: dedicatedIpWords(r.total),
    sentences: causeWords(r.total.retries),
    byCause: failures,
    byPlace,
    reposts,
    retries,
  };
}
