import { chapter, counter, gauge, histogram } from './metric.ts';

export const MAIL = chapter('Mail', {
  deliveries_ended_total: counter({
    labels: ['class', 'provider', 'state'],
    unit: 'deliveries',
    says: 'Deliveries that ended, by the provider that had them last (`none`: nobody) and how. One that is opened again and ends again counts again.',
    use: 'The rate of `abandoned` and `expired` is mail that people did not get: look at it by provider.',
  }),
  time_to_delivery_seconds: histogram([1, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400], {
    labels: ['class', 'provider'],
    says: 'How long mail took from when it was wanted until it arrived, or until a secondary that tells no more took it.',
    use: 'The part of `access` above 60 or 300 is what the burn-rate alerts are made of; what has not arrived yet is not in it, see `homing_overdue_ratio`.',
  }),
  overdue_ratio: gauge('database', {
    labels: ['class', 'seconds'],
    unit: 'share, 0 to 1',
    says: 'Of the mail that should have arrived by now within so many seconds, and was wanted in the 15 minutes before that, the share that did not: it came later, is still on its way, or was given up. What a recipient refused, and what was cancelled, does not count. What was told late counts as late. Where there is much mail, of the newest of it. 0 when there is none.',
    use: 'Above 0.1 for `access` at 300 something is wrong even where nothing fails: ask `homing explain` about one that waits.',
  }),
  overdue_deliveries: gauge('database', {
    labels: ['class', 'seconds'],
    unit: 'deliveries',
    says: 'How many of those were overdue.',
    use: 'The floor for alerts on the ratio: two of three is no outage.',
  }),
  judged_deliveries: gauge('database', {
    labels: ['class', 'seconds'],
    unit: 'deliveries',
    says: 'Of how many deliveries `homing_overdue_ratio` speaks.',
    use: 'With 0 where there used to be mail, applications send none, or it does not get here.',
  }),
  backlog: gauge('database', {
    labels: ['class', 'state'],
    unit: 'deliveries',
    says: 'Deliveries that have not ended, by where they stand. Counted up to 200000 each.',
    use: '`queued` that grows: we do not get rid of it. `accepted` or `deferred` that grows: the provider, or the recipients, do not.',
  }),
  oldest_waiting_seconds: gauge('database', {
    labels: ['class', 'state'],
    unit: 'seconds',
    says: 'How long ago the oldest of those was wanted; 0 when there is none, or when it is wanted later. Looks at the 2000 that were made first.',
    use: 'Page for `queued` of `access` above five minutes.',
  }),
  late_seconds: gauge('database', {
    labels: ['class'],
    unit: 'seconds',
    says: 'How long mail is late because of us or our providers: due and not looked at, held, or not taken by its provider. What recipients put off does not count. The same is told to people as the state of mail.',
    use: 'Above 60 people are told that mail is delayed; see `homing_provider_state` and `homing_held`.',
  }),
  held: gauge('database', {
    labels: ['class'],
    unit: 'deliveries',
    says: 'Deliveries that a hold, or a provider that is down, keeps from leaving. Counted up to 200000.',
    use: 'When it is not 0 and nobody is at it: `homing hold --list`.',
  }),
  reports_total: counter({
    labels: ['class', 'provider', 'report'],
    unit: 'events',
    says: 'What providers reported of mail, each event once.',
    use: '`failed`, `deferred`, `complained` and `unsubscribed`, each divided by `delivered` and `failed` together, are the rates that providers judge a sender by; the rules record them.',
  }),
  receiver_reports_total: counter({
    labels: ['receiver', 'report'],
    unit: 'events',
    says: 'The same of delivered, deferred and failed mail, by who runs the mailbox as the domain of the address tells.',
    use: 'When one puts off or refuses and the others do not, it is about that one.',
  }),
  doubles_total: counter({
    labels: ['kind'],
    unit: 'deliveries',
    says: 'Second copies: `possible` when one was handed over although another may have gone out, `certain` when two arrived.',
    use: 'A rate of its own means that providers do not answer: see `homing_hand_over_seconds` with `unanswered`.',
  }),
  day_deliveries: gauge('database', {
    labels: ['class', 'state'],
    unit: 'deliveries',
    says: 'Of what was asked for within the last 24 hours, how much stands where.',
    use: 'For boards and for small senders, whose rates say nothing.',
  }),
  day_doubles: gauge('database', {
    labels: ['kind'],
    unit: 'deliveries',
    says: 'How many of those were doubles.',
    use: 'The daily report names the reasons.',
  }),
});
