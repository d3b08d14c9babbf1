import { STATES } from '../core/delivery.ts';
import { QUARTER } from '../core/figures/cover.ts';
import { groupsOf } from '../core/figures/figures.ts';
import { CLASSES } from '../core/message-class.ts';
import { DAY, MINUTE, type Ms, SECOND } from '../core/time.ts';
import { backupState, lastPassedRestoreDrill } from '../store/backups.ts';
import type { Store } from '../store/db/open.ts';
import { lastDrill } from '../store/drills.ts';
import { postsWaiting } from '../store/events.ts';
import { readSums } from '../store/figures/read-sums.ts';
import { toldWaiting } from '../store/inbox/history.ts';
import { lastWebhookAt } from '../store/inbox/inbox.ts';
import { setAside } from '../store/inbox/oldest.ts';
import { alertsOfDay, countClaims, heldByClass, unsentAlerts } from '../store/measures.ts';
import { cursor, RECONCILED } from '../store/notes/cursors.ts';
import { endpoints } from '../store/notes/endpoints.ts';
import { standings } from '../store/notes/health.ts';
import { openBy, overdueOf } from '../store/overdue.ts';
import { flowByClass } from '../store/timeliness.ts';
import type { MetricName } from './list.ts';
import type { Sample } from './tally.ts';

type Asked = { store: Store; providers: readonly string[]; now: Ms };

/** All that the database says, the same to each daemon of it. One after the other: on SQLite others wait for these. */
export async function databaseNow(asked: Asked): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const part of PARTS) samples.push(...(await part(asked)));
  return samples;
}

const one = (name: MetricName, value: number, ...labels: string[]): Sample => ({ name, labels, value });
const secondsSince = (since: Ms | null, now: Ms): number => (since === null ? 0 : Math.max(0, now - since) / SECOND);
const asTime = (at: Ms | null | undefined): number => (at ?? 0) / SECOND;

const LIMITS: readonly Ms[] = [MINUTE, 5 * MINUTE, 15 * MINUTE];

async function overdue({ store, now }: Asked): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const kind of CLASSES)
    for (const within of LIMITS) {
      const found = await overdueOf(store, { class: kind, within }, now);
      const labels = [kind, String(within / SECOND)];
      const ratio = found.judged === 0 ? 0 : found.overdue / found.judged;
      samples.push(
        one('overdue_ratio', ratio, ...labels),
        one('overdue_deliveries', found.overdue, ...labels),
        one('judged_deliveries', found.judged, ...labels),
      );
    }
  return samples;
}

async function backlog({ store, now }: Asked): Promise<Sample[]> {
  const open = await openBy(store, CLASSES);
  return open.flatMap(({ class: kind, state, n, oldest }) => [
    one('backlog', n, kind, state),
    one('oldest_waiting_seconds', secondsSince(oldest, now), kind, state),
  ]);
}

async function flow({ store, now }: Asked): Promise<Sample[]> {
  const [flows, held] = [await flowByClass(store, now), await heldByClass(store)];
  return [
    ...CLASSES.map((kind) => one('late_seconds', flows[kind].late / SECOND, kind)),
    ...held.map(({ class: kind, n }) => one('held', n, kind)),
  ];
}

async function day({ store, now }: Asked): Promise<Sample[]> {
  // Up to the end of the bucket that is being filled.
  const sums = await readSums(store, { from: now - DAY, to: now + QUARTER }, [
    'deliveries',
    'state',
    'double',
    'found',
  ]);
  const groups = groupsOf(sums).map(({ class: kind, figures }) => ({ kind, figures }));
  const all = (value: (group: (typeof groups)[number]) => number) => groups.reduce((sum, g) => sum + value(g), 0);
  const found = (['webhook', 'poll', 'lookup'] as const).map(
    (source) => [source, all(({ figures }) => figures.found[source])] as const,
  );
  const events = found.reduce((sum, [, n]) => sum + n, 0);
  const asked = events - (found[0]?.[1] ?? 0);
  return [
    ...CLASSES.flatMap((kind) =>
      STATES.map((state) => {
        const n = all((group) => (group.kind === kind ? group.figures.states[state] : 0));
        return one('day_deliveries', n, kind, state);
      }),
    ),
    ...(['possible', 'certain'] as const).map((kind) =>
      one(
        'day_doubles',
        all(({ figures }) => figures.doubles[kind]),
        kind,
      ),
    ),
    ...found.map(([source, n]) => one('day_events', n, source)),
    one('polled_ratio', events === 0 ? 0 : asked / events),
  ];
}

/** What is counted at most of the events that wait for an endpoint. */
const MOST_POSTS = 10_000;

async function posts({ store, now }: Asked): Promise<Sample[]> {
  const known = await endpoints(store);
  const waiting = await Promise.all(known.map(({ id }) => postsWaiting(store, id, MOST_POSTS)));
  const oldest = waiting.flatMap((one) => one.oldest ?? []);
  return [
    one(
      'event_posts_waiting',
      waiting.reduce((sum, { n }) => sum + n, 0),
    ),
    one('event_posts_oldest_seconds', secondsSince(oldest.length === 0 ? null : Math.min(...oldest), now)),
    one('event_endpoints_disabled', known.filter(({ disabledAt }) => disabledAt !== null).length),
  ];
}

async function health({ store, providers }: Asked): Promise<Sample[]> {
  const known = await standings(store);
  return providers.flatMap((provider) => {
    const { state: is, share } = known.get(provider) ?? { state: 'healthy', share: 100 };
    const states = (['healthy', 'suspect', 'down', 'recovering'] as const).map((state) =>
      one('provider_state', state === is ? 1 : 0, provider, state),
    );
    return [...states, one('provider_share', share / 100, provider)];
  });
}

async function work({ store, now }: Asked): Promise<Sample[]> {
  const waiting = await toldWaiting(store, 10_000);
  const alerts = await unsentAlerts(store);
  return [
    one('claims', await countClaims(store, now)),
    one('inbox_waiting', waiting.n),
    one('inbox_oldest_seconds', secondsSince(waiting.since, now)),
    one('inbox_set_aside', (await setAside(store, now - DAY, 1000)).length),
    one('alerts_unsent', alerts.n),
    one('alerts_unsent_oldest_seconds', secondsSince(alerts.since, now)),
    ...[...(await alertsOfDay(store, now))].map(([kind, n]) => one('day_alerts', n, kind)),
  ];
}

async function lastTimes({ store, now }: Asked): Promise<Sample[]> {
  const drill = await lastDrill(store, now);
  return [
    one('webhook_timestamp_seconds', asTime(await lastWebhookAt(store))),
    one('reconciled_timestamp_seconds', asTime((await cursor(store, RECONCILED))?.at)),
    one('drill_timestamp_seconds', asTime(drill?.endedAt)),
    one('drill_passed', drill?.endedAt != null && drill.passed ? 1 : 0),
    one('backup_timestamp_seconds', asTime((await backupState(store)).good?.startedAt)),
    one('restore_drill_timestamp_seconds', asTime(await lastPassedRestoreDrill(store))),
  ];
}

const PARTS: readonly ((asked: Asked) => Promise<Sample[]>)[] = [
  ...[overdue, backlog, flow, day, health, work, posts, lastTimes],
];
