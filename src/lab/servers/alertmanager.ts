import type { Clock } from '../../core/time.ts';
import { type Moody, startMoody } from './moody.ts';

export type PostedAlert = {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt?: string;
  endsAt?: string;
  generatorURL?: string;
};

export type SimAlertmanager = Moody & {
  /** What fires now: alerts are one by their labels, and over when their end has come. */
  firing(): PostedAlert[];
};

/** Without an end an alert is over when it was not sent again for so long. */
const RESOLVE_TIMEOUT = 5 * 60_000;

/** A stand-in for the API of Alertmanager. */
export async function startSimAlertmanager(now: Clock): Promise<SimAlertmanager> {
  const alerts = new Map<string, { alert: PostedAlert; endsAt: number }>();
  const moody = await startMoody(({ method, path, headers, body }, response) => {
    if (path === '/-/ready') return void response.writeHead(200).end('OK');
    if (method !== 'POST' || path !== '/api/v2/alerts') return void response.writeHead(404).end();
    if (headers['content-type'] !== 'application/json') return void response.writeHead(415).end();
    const posted = JSON.parse(body) as PostedAlert[];
    const isWrong = ({ labels, startsAt, endsAt }: PostedAlert) =>
      !labels['alertname'] || (startsAt && endsAt && Date.parse(endsAt) < Date.parse(startsAt));
    if (posted.some(isWrong)) return void response.writeHead(400).end('"start time must be before end time"');
    for (const alert of posted) {
      const key = JSON.stringify(Object.entries(alert.labels).sort());
      alerts.set(key, { alert, endsAt: alert.endsAt ? Date.parse(alert.endsAt) : now() + RESOLVE_TIMEOUT });
    }
    response.writeHead(200).end();
  });
  const firing = () => [...alerts.values()].filter(({ endsAt }) => endsAt > now()).map(({ alert }) => alert);
  return { ...moody, firing };
}
