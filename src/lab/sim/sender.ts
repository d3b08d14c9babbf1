import { type Reply, refusal, reply } from './reply.ts';
import type { Place, SimRequest, SimSending, World } from './world.ts';

type Show = (sending: SimSending, world: World, request: SimRequest, place: Place) => Reply;

const shown =
  (show: Show) =>
  (world: World, request: SimRequest, place: Place): Reply => {
    const sending = world.options.sending ?? {};
    return sending.denied === true
      ? refusal(403, 'Incompatible key for this endpoint')
      : show(sending, world, request, place);
  };

/** GET /v3/ips */
export const showIps = shown(({ dedicated = [], warmups = [] }, { options }, { query }) => {
  const all = [...new Set([...(options.ips ?? []), ...dedicated])];
  const items = query.get('dedicated') === 'true' ? dedicated : all;
  const details = items.map((ip) => ({ ip, is_on_warmup: warmups.some((one) => one.ip === ip) }));
  return reply({ items, details, total_count: items.length });
});

/** GET /v3/ip_pools */
export const showPools = shown(({ pools = [] }) =>
  reply({ ip_pools: pools.map((pool) => ({ description: '', is_linked: true, ...pool })), message: 'success' }),
);

/** GET /v3/ip_warmups: other names than in the answer about a single one. */
export const showWarmups = shown(({ warmups = [] }) =>
  reply({
    items: warmups.map((one) => ({
      ip: one.ip,
      sent_within_stage: one.sent,
      throttle: 78,
      stage_number: one.stage,
      stage_start_volume: 0,
      stage_start_time: one.stageSince,
      stage_volume_limit: one.stageLimit,
    })),
    paging: { first: 'first', next: 'next' },
  }),
);

/** GET /v3/ip_warmups/:last */
export const showWarmup = shown(({ warmups = [] }, _world, _request, { last }) => {
  const one = warmups.find(({ ip }) => ip === last);
  if (!one) return refusal(404, 'warmup not found');
  return reply({
    details: {
      sent_within_stage: one.sent,
      throttle: 78,
      start_volume: 0,
      stage: one.stage,
      stage_limit: one.stageLimit,
      hourly_limit: one.hourlyLimit,
      stage_started_at: one.stageSince,
      hour_started_at: one.stageSince,
      plan_started_at: one.since,
      plan_last_updated_at: one.stageSince,
      total_stages: one.stages,
      stage_history: [],
    },
  });
});

/** GET /v1/thresholds/alerts/send */
export const showThresholds = shown(({ thresholds = [] }) => reply({ items: thresholds, total: thresholds.length }));

/** GET /v1/thresholds/hits */
export const showHits = shown(({ hits = [] }) => reply({ items: hits, total: hits.length }));

/** POST /v2/bounce-classification/metrics: entities without failures are left out. */
export const showClassified = shown(({ classified = [] }, _world, { json }) => {
  const asked = json as { pagination?: { limit?: number } } | null;
  if ((asked?.pagination?.limit ?? 10) > 50) return refusal(400, 'limit must be 50 at most');
  return reply({
    ...(asked ?? {}),
    resolution: 'day',
    items: classified.map(({ entity, metrics }) => ({ 'entity-name': entity, metrics })),
  });
});
