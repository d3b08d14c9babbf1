import { chapter, counter, gauge } from './metric.ts';

export const WORK = chapter('Work', {
  claims: gauge('database', {
    labels: [],
    unit: 'deliveries',
    says: 'Deliveries that a process has claimed at the moment. Counted up to 10000.',
    use: 'Many for long, while nothing is handed over: a process stands still or died; its claims end with their lease.',
  }),
  inbox_waiting: gauge('database', {
    labels: [],
    unit: 'events',
    says: 'Events of providers that are kept and not understood yet. Counted up to 10000.',
    use: 'When it grows, events come faster than they are read.',
  }),
  inbox_oldest_seconds: gauge('database', {
    labels: [],
    unit: 'seconds',
    says: 'How long the oldest of them has been due; 0 when none waits.',
    use: 'Above a minute states are told late.',
  }),
  inbox_set_aside: gauge('database', {
    labels: [],
    unit: 'events',
    says: 'Events of the last 24 hours that could not be understood. Counted up to 1000.',
    use: '`homing doctor` names them: the provider may have changed the form of its events.',
  }),
  broker_messages_total: counter({
    labels: ['outcome'],
    unit: 'messages',
    says: 'Messages of the queue of `INTAKE_URL`: `taken`, `repeated` (it was here already), `refused` (it lies in the queue of those) and `returned` to the broker, which delivers them again.',
    use: 'Any `refused`: look at the reasons in that queue. `returned` again and again: the database takes nothing.',
  }),
  job_handled_total: counter({
    labels: ['task'],
    unit: 'things',
    says: 'How much each periodic job did (`digest`: events understood, `dispatch`: deliveries looked at, and so on).',
    use: 'What usually works and stands at 0 has nothing to do, or fails.',
  }),
  job_failures_total: counter({
    labels: ['task'],
    unit: 'runs',
    says: 'Runs of a job that broke off with an error; each is tried again.',
    use: 'The log says what it was.',
  }),
  job_seconds_total: counter({
    labels: ['task'],
    unit: 'seconds',
    says: 'How long its runs took together.',
    use: 'Its rate is how busy the job is: near 1 it does nothing but that.',
  }),
  alerts_unsent: gauge('database', {
    labels: [],
    unit: 'alerts',
    says: 'Alerts that no channel has taken yet. Counted up to 1000.',
    use: 'When it does not go back to 0, nobody hears of anything: see `ADMIN_EMAILS` and `homing doctor`.',
  }),
  alerts_unsent_oldest_seconds: gauge('database', {
    labels: [],
    unit: 'seconds',
    says: 'How old the oldest of them is; 0 when there is none.',
    use: 'Page above 15 minutes: this is the way that does not go through our own channels.',
  }),
  day_alerts: gauge('database', {
    labels: ['kind'],
    unit: 'alerts',
    says: 'Alerts of the last 24 hours, by kind. Counted up to 10000.',
    use: 'The runbook has a chapter for each.',
  }),
  event_posts_waiting: gauge('database', {
    labels: [],
    unit: 'posts',
    says: 'Events that an endpoint of an application is still to be told, of all endpoints. Counted up to 10000 of each.',
    use: 'Growing over hours: an endpoint takes fewer than there are, or none. After `EVENTS_KEPT` they are deleted.',
  }),
  event_posts_oldest_seconds: gauge('database', {
    labels: [],
    unit: 'seconds',
    says: 'How long the first of them has been due; 0 when none is.',
    use: 'Above an hour: `homing events endpoints`.',
  }),
  event_endpoints_disabled: gauge('database', {
    labels: [],
    unit: 'endpoints',
    says: 'Endpoints of applications that are told nothing until they are enabled.',
    use: 'Above 0: mend it, then `homing events enable`.',
  }),
  drill_timestamp_seconds: gauge('database', {
    labels: [],
    unit: 'time, Unix',
    says: 'When the last drill of an outage ended; 0 when there was none.',
    use: 'Old: nobody knows whether the next outage goes well. `homing drill`.',
  }),
  drill_passed: gauge('database', {
    labels: [],
    unit: '0 or 1',
    says: 'Whether it went well; 0 when there was none.',
    use: '0 with a recent time: its report says what failed.',
  }),
  backup_timestamp_seconds: gauge('database', {
    labels: [],
    unit: 'time, Unix',
    says: 'When the last good backup was begun, which is what it holds; 0 when there was none.',
    use: 'Old: what came since would be lost with the database. `homing backup --list`.',
  }),
  backup_every_seconds: gauge('process', {
    labels: [],
    unit: 'seconds',
    says: 'How often this daemon is to make a backup (`BACKUP_EVERY`); 0 where it makes none.',
    use: 'What the age of the last backup is compared with.',
  }),
  restore_drill_timestamp_seconds: gauge('database', {
    labels: [],
    unit: 'time, Unix',
    says: 'When the last restore drill that passed was begun; 0 when there was none.',
    use: 'Old: nobody knows whether the backups can be read in. `homing restore --drill`.',
  }),
});
