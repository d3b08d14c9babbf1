import type { ServerResponse } from 'node:http';
import { type Moody, startMoody } from './moody.ts';

type Event = {
  routing_key?: unknown;
  event_action?: unknown;
  dedup_key?: unknown;
  payload?: { summary?: unknown; source?: unknown; severity?: unknown };
};

/** An incident as PagerDuty keeps it: what has the same key is one as long as it is open. */
export type PagedIncident = { key: string; state: 'triggered' | 'acknowledged' | 'resolved'; triggers: Event[] };

export type SimPagerduty = Moody & { incidents: PagedIncident[] };

/** A stand-in for PagerDuty's Events API v2, for one routing key. */
export async function startSimPagerduty(routingKey: string): Promise<SimPagerduty> {
  const incidents: PagedIncident[] = [];
  const moody = await startMoody(({ method, path, body }, response) => {
    if (method !== 'POST' || path !== '/v2/enqueue') return void response.writeHead(404).end();
    const event = JSON.parse(body) as Event;
    const errors = errorsIn(event, routingKey);
    if (errors.length > 0)
      return json(response, 400, { status: 'invalid event', message: 'Event object is invalid', errors });
    const key = String(event.dedup_key);
    take(incidents, key, event);
    json(response, 202, { status: 'success', message: 'Event processed', dedup_key: key });
  });
  return { ...moody, incidents };
}

function errorsIn({ routing_key: key, event_action: action, dedup_key: dedup, payload }: Event, routingKey: string) {
  const { summary, source, severity } = payload ?? {};
  const isTrigger = action === 'trigger';
  const rules: [isBroken: boolean, error: string][] = [
    [typeof key !== 'string' || key.length !== 32, "Length of 'routing_key' is incorrect (should be 32 characters)"],
    [key !== routingKey, 'Invalid routing key'],
    [!['trigger', 'acknowledge', 'resolve'].includes(String(action)), "'event_action' is invalid"],
    [typeof dedup !== 'string' || dedup.length > 255, "'dedup_key' is invalid"],
    [isTrigger && (typeof summary !== 'string' || summary.length > 1024), "'payload.summary' is invalid"],
    [isTrigger && typeof source !== 'string', "'payload.source' is missing or blank"],
    [
      isTrigger && !['critical', 'error', 'warning', 'info'].includes(String(severity)),
      "'payload.severity' is invalid",
    ],
  ];
  return rules.filter(([isBroken]) => isBroken).map(([, error]) => error);
}

/** What is acknowledged or resolved without being open changes nothing, and is no error either. */
function take(incidents: PagedIncident[], key: string, event: Event): void {
  const open = incidents.find((one) => one.key === key && one.state !== 'resolved');
  if (event.event_action !== 'trigger') {
    if (open) open.state = event.event_action === 'resolve' ? 'resolved' : 'acknowledged';
  } else if (open) open.triggers.push(event);
  else incidents.push({ key, state: 'triggered', triggers: [event] });
}

const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
