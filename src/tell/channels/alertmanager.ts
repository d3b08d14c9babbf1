import { longestSilence } from '../../core/incident.ts';
import { safeJson } from '../../core/safe-text.ts';
import { DAY, HOUR, type Ms } from '../../core/time.ts';
import { callEach } from './call.ts';
import type { AlertChannel, HowToCall, Notice } from './channel.ts';

/**
 * Without an end Alertmanager takes an alert that is not sent again within its `resolve_timeout` for over (five minutes). So an
 * end is given, after the time in which an incident is told again or over: it comes when Homing is gone. What somebody has taken
 * is not told again before it is over.
 */
const holds = (repeat: Ms): Ms => longestSilence(repeat) + HOUR;
const HOLDS_TAKEN = 30 * DAY;

/**
 * Prometheus's Alertmanager by its API (prometheus.io/docs/alerting/latest/alerts_api). Those of a cluster get it each, as
 * they ask for: they leave out what is double. What an incident is known by are its labels, so they are the same from its
 * beginning to its end; what may change are annotations.
 */
export const alertmanagerChannel = (
  urls: readonly string[],
  { publicUrl, repeat, now, patience }: HowToCall & { publicUrl: string | null; repeat: Ms },
): AlertChannel => ({
  name: 'alertmanager',
  async send(notice) {
    const until = now() + (notice.turn === 'acknowledged' ? HOLDS_TAKEN : holds(repeat));
    const body = safeJson([alertOf(notice, publicUrl, until)]);
    const headers = { 'content-type': 'application/json' };
    const calling = (url: string) => ({ url: `${url.replace(/\/+$/, '')}/api/v2/alerts`, headers, body, patience });
    return callEach(urls.map((url) => ({ name: new URL(url).host, calling: calling(url) })));
  },
});

function alertOf(notice: Notice, publicUrl: string | null, until: Ms): Record<string, unknown> {
  const { kind, incident, conversation, severity, turn, subject, body, count, startedAt, createdAt, link } = notice;
  const over = Math.max(startedAt, notice.endedAt ?? createdAt);
  const endsAt = turn === 'ended' ? over : until;
  const page = link ?? publicUrl;
  return {
    labels: { alertname: nameOf(kind), service: 'homing', kind, incident, conversation },
    annotations: {
      ...{ summary: subject, description: body, severity, turn, count: String(count) },
      ...(link === null ? {} : { acknowledge: link }),
    },
    startsAt: new Date(startedAt).toISOString(),
    endsAt: new Date(endsAt).toISOString(),
    ...(page === null ? {} : { generatorURL: page }),
  };
}

/** `HomingGaveUp`, in the manner of names of alerts. */
const nameOf = (kind: string): string =>
  `Homing${kind.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`;
