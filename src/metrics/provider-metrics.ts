import { chapter, counter, gauge, histogram } from './metric.ts';

export const PROVIDERS = chapter('Providers', {
  provider_state: gauge('database', {
    labels: ['provider', 'state'],
    unit: '0 or 1',
    says: '1 for the state that the provider is in: `healthy`, `suspect`, `down` or `recovering`.',
    use: 'While one is `down`, its mail leaves by the others, or waits: `homing outages` says why.',
  }),
  provider_share: gauge('database', {
    labels: ['provider'],
    unit: 'share, 0 to 1',
    says: 'Which share of its mail it is given for how it is: 0 while it is down, and more step by step while it recovers.',
    use: 'When it stays below 1 for long, the provider fails again and again.',
  }),
  hand_over_seconds: histogram([0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30], {
    labels: ['provider', 'answer'],
    says: 'How long calls took that hand mail over, and how they ended: `accepted`, `refused` or `unanswered`.',
    use: 'What is `unanswered` is asked about before it is sent again. Slower than usual is the first sign of an outage.',
  }),
  webhook_seconds: histogram([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5], {
    labels: ['provider', 'answer'],
    says: 'How long webhooks took from their first byte to our answer, and what it was: `kept`, `refused` (4xx), `later` (5xx) or `cut` (the sender hung up).',
    use: '`refused` that grows: signing keys do not fit, or somebody tries. `later`: the database keeps nothing. Providers give up after some seconds.',
  }),
  events_total: counter({
    labels: ['provider', 'source'],
    unit: 'events',
    says: 'Events that told something new of a delivery, by the way that was first: `webhook`, `poll` (read in the records) or `lookup` (asked for one mail).',
    use: 'When little comes by `webhook`, webhooks are not set up, or do not get through: `homing doctor`.',
  }),
  day_events: gauge('database', {
    labels: ['source'],
    unit: 'events',
    says: 'The same for mail that was asked for within the last 24 hours.',
    use: 'See `homing_polled_ratio`.',
  }),
  polled_ratio: gauge('database', {
    labels: [],
    unit: 'share, 0 to 1',
    says: 'Which share of those was found only by asking. 0 when there were none.',
    use: 'Above 0.2 webhooks get lost.',
  }),
  webhook_timestamp_seconds: gauge('database', {
    labels: [],
    unit: 'time, Unix',
    says: 'When the last genuine webhook came in; 0 when none is known.',
    use: 'Old while mail is accepted: webhooks are silent, and everything is learnt late.',
  }),
  reconciled_timestamp_seconds: gauge('database', {
    labels: [],
    unit: 'time, Unix',
    says: 'When the records of providers were last read to the end (`RECONCILE_CRON`); 0 when they never were.',
    use: 'Old: the provider can not be asked, or no daemon works. What webhooks miss is not found then.',
  }),
});
