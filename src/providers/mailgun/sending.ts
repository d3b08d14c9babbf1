import { isIP } from 'node:net';
import type { AccountAddress, Classified, Pool, Threshold, Warmup } from '../../core/care/account.ts';
import type { Ms } from '../../core/time.ts';
import { type Fields, isObject, momentOf, objectOf, words } from '../common/fields.ts';
import type { Sending } from '../provider.ts';
import { deliveryTime, type Port } from './port.ts';
import { ApiRefusal, answered } from './refusal.ts';

/** More than an account has. */
const MOST_IPS = 200;
const MOST_POOLS = 50;
const MOST_WARMUPS = 20;
const MOST_THRESHOLDS = 100;
const MOST_ENTITIES = 50;

/** What Mailgun says of the ways that an account's mail leaves (openapi.yaml of mailgun/mailgun-mcp-server, 2026-07-09). */
export const createSending = (port: Port): Sending => ({
  async addresses() {
    const all = objectOf(answered("the account's IP addresses", await port.get('/v3/ips')));
    const own = objectOf(answered('the dedicated IP addresses', await port.get('/v3/ips', { dedicated: 'true' })));
    const dedicated = new Set(textsIn(own['items']));
    const details = new Map(itemsIn(all['details']).map((one) => [one['ip'], one['is_on_warmup']]));
    return textsIn(all['items'])
      .filter((ip) => isIP(ip) > 0)
      .slice(0, MOST_IPS)
      .map((ip): AccountAddress => ({ ip, dedicated: dedicated.has(ip), warmingUp: flag(details.get(ip)) }));
  },
  async pools() {
    const body = objectOf(answered('the IP pools', await port.get('/v3/ip_pools')));
    return listed('the IP pools', body, 'ip_pools')
      .slice(0, MOST_POOLS)
      .map((pool): Pool => {
        const id = words(pool['pool_id'], 64) ?? '';
        const ips = textsIn(pool['ips']).filter((ip) => isIP(ip) > 0);
        return { id, name: words(pool['name'], 100) ?? id, ips: ips.slice(0, MOST_IPS) };
      });
  },
  async warmups() {
    const body = objectOf(answered('the warm-ups', await port.get('/v3/ip_warmups', { limit: '100' })));
    const items = listed('the warm-ups', body, 'items').filter(({ ip }) => typeof ip === 'string' && isIP(ip) > 0);
    // Only the answer about a single one has its limit of an hour.
    const each = items.slice(0, MOST_WARMUPS).map(async (item): Promise<Warmup> => {
      const reply = await port.get(`/v3/ip_warmups/${encodeURIComponent(String(item['ip']))}`);
      return warmupIn(item, reply.status === 200 ? objectOf(objectOf(reply.body)['details']) : {});
    });
    return Promise.all(each);
  },
  async thresholds() {
    const set = objectOf(answered('the alerts', await port.get('/v1/thresholds/alerts/send')));
    const hits = objectOf(answered('the hits of alerts', await port.get('/v1/thresholds/hits')));
    const crossed = itemsIn(hits['items']).filter((hit) => hit['triggered'] === true);
    return listed('the alerts', set, 'items')
      .slice(0, MOST_THRESHOLDS)
      .map((alert) => thresholdIn(alert, crossed));
  },
  async classified({ from, until }) {
    const reply = await port.postJson('/v2/bounce-classification/metrics', classifiedFrom(from, until));
    return listed('the bounce classification', objectOf(answered('the bounce classification', reply)), 'items').map(
      classifiedIn,
    );
  },
});

const classifiedFrom = (from: Ms, until: Ms) => ({
  start: deliveryTime(from),
  end: deliveryTime(until),
  dimensions: ['entity-name'],
  metrics: [...COUNTS, 'delivered_smtp_count', 'classified_failures_count'],
  include_subaccounts: false,
  pagination: { sort: 'entity-name:asc', limit: MOST_ENTITIES },
});

const COUNTS = [
  'critical_bounce_count',
  'non_critical_bounce_count',
  'critical_delay_count',
  'non_critical_delay_count',
];

/** A list that is missing is no answer: nothing may be taken to have ended by it. */
function listed(question: string, body: Fields, name: string): Fields[] {
  const list = body[name];
  if (list === null) return [];
  if (!Array.isArray(list)) throw new ApiRefusal(question, { status: 200, headers: {}, body });
  return itemsIn(list);
}

const itemsIn = (list: unknown): Fields[] => (Array.isArray(list) ? list.filter(isObject) : []);
const textsIn = (list: unknown): string[] =>
  Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : [];
const flag = (value: unknown): boolean | null => (typeof value === 'boolean' ? value : null);

const count = (value: unknown): number | null => {
  const n = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof n === 'number' && Number.isFinite(n) && n >= 0 ? Math.floor(n) : null;
};

/** `25%` */
function share(value: unknown): number | null {
  const text = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(typeof value === 'string' ? value : '')?.[1];
  return text === undefined ? null : Math.min(1, Number(text) / 100);
}

/** The list and the answer about a single one have other names for the same. */
const warmupIn = (item: Fields, details: Fields): Warmup => ({
  ip: String(item['ip']),
  stage: count(details['stage']) ?? count(item['stage_number']) ?? 0,
  stages: count(details['total_stages']),
  stageLimit: count(details['stage_limit']) ?? count(item['stage_volume_limit']),
  hourlyLimit: count(details['hourly_limit']),
  sentInStage: share(details['sent_within_stage']) ?? share(item['sent_within_stage']),
  stageSince: momentOf(details['stage_started_at']) ?? momentOf(item['stage_start_time']),
  since: momentOf(details['plan_started_at']),
});

function thresholdIn(alert: Fields, crossed: readonly Fields[]): Threshold {
  const hit = crossed.find((one) => one['id'] === alert['id'] && one['metric'] === alert['metric']);
  return {
    name: words(alert['name'], 100) ?? '',
    metric: words(alert['metric'], 60) ?? '',
    comparator: words(alert['comparator'], 4) ?? '',
    limit: words(alert['limit'], 20) ?? '',
    period: words(alert['period'], 20),
    channels: textsIn(alert['alert_channels']).flatMap((one) => words(one, 20) ?? []),
    triggered: hit !== undefined,
    latest: hit === undefined ? null : words(hit['latest_value'], 20),
  };
}

function classifiedIn(item: Fields): Classified {
  const metrics = objectOf(item['metrics']);
  const of = (name: string) => count(metrics[name]) ?? 0;
  return {
    entity: words(item['entity-name'], 100) ?? '',
    delivered: of('delivered_smtp_count'),
    criticalBounces: of('critical_bounce_count'),
    otherBounces: of('non_critical_bounce_count'),
    criticalDelays: of('critical_delay_count'),
    otherDelays: of('non_critical_delay_count'),
  };
}
