import { createHash } from 'node:crypto';
import type { Turn } from '../../core/alerting.ts';
import { safeJson, shortened } from '../../core/safe-text.ts';
import { call } from './call.ts';
import type { AlertChannel, HowToCall, Notice } from './channel.ts';

type PagerDuty = Pick<HowToCall, 'patience'> & {
  /** Of an integration of the kind "Events API v2". */
  key: string;
  /** Where the API is. */
  url: string;
  /** What the alerts come from. */
  source: string;
};

/** What is asked of PagerDuty. A trigger of an incident that is open there is added to it. */
const ACTIONS: Record<Turn, 'trigger' | 'acknowledge' | 'resolve'> = {
  opened: 'trigger',
  repeated: 'trigger',
  acknowledged: 'acknowledge',
  ended: 'resolve',
};

/** Limits of the API: 1024 for the summary, in whatever unit (a character may be two), and 255. */
const SUMMARY = 512;
const DEDUP_KEY = 255;

/**
 * PagerDuty by its Events API v2 (developer.pagerduty.com/docs/events-api-v2/overview). All that is told of one incident
 * has the same `dedup_key`. It is answered with 202 when it was taken, with 429 when there is too much of it. A trigger of what is
 * open there wakes nobody (support.pagerduty.com/docs/event-management), so what got worse by far is resolved there and opened anew.
 */
export const pagerdutyChannel = ({ key, url, source, patience }: PagerDuty): AlertChannel => ({
  name: 'pagerduty',
  async send(notice) {
    const about = { routing_key: key, dedup_key: dedupKey(notice.conversation) };
    const action = ACTIONS[notice.turn];
    const events = [
      ...(notice.isWorse ? [{ ...about, event_action: 'resolve' }] : []),
      { ...about, event_action: action, ...(action === 'trigger' ? triggerOf(notice, source) : {}) },
    ];
    for (const event of events)
      await call({
        url: `${url.replace(/\/+$/, '')}/v2/enqueue`,
        headers: { 'content-type': 'application/json' },
        body: safeJson(event),
        secrets: [key],
        sayings: ({ errors, message }) => [Array.isArray(errors) ? errors.join('; ') : null, message],
        patience,
      });
    return [];
  },
});

function triggerOf(notice: Notice, source: string): Record<string, unknown> {
  const { subject, body, severity, startedAt, incident, kind, count, turn, link } = notice;
  return {
    client: 'Homing',
    ...(link === null ? {} : { client_url: link, links: [{ href: link, text: 'Acknowledge in Homing' }] }),
    payload: {
      ...{ summary: shortened(subject, SUMMARY), source, severity, timestamp: new Date(startedAt).toISOString() },
      ...{ component: 'homing', group: incident, class: kind, custom_details: { body, count, turn } },
    },
  };
}

/** A name that is too long is told apart by its digest. */
const dedupKey = (conversation: string): string =>
  conversation.length <= DEDUP_KEY ? conversation : createHash('sha256').update(conversation).digest('hex');
