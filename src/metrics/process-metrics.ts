import { chapter, counter, gauge } from './metric.ts';

export const PROCESS = chapter('The daemon and its database', {
  build_info: gauge('process', {
    labels: ['version', 'node'],
    unit: '1',
    says: 'The version of Homing and of Node.',
    use: 'To see on boards when something was updated.',
  }),
  start_timestamp_seconds: gauge('process', {
    labels: [],
    unit: 'time, Unix',
    says: 'When this daemon began to take mail.',
    use: 'When it changes again and again, the daemon does not stay up.',
  }),
  database_up: gauge('process', {
    labels: [],
    unit: '0 or 1',
    says: 'Whether the database answered this scrape in time. With 0 all metrics of the database are missing, and the others are there.',
    use: 'Page: nothing is kept or sent while it is away. Mail that applications hand over with the library is kept on their disks.',
  }),
  database_seconds: gauge('process', {
    labels: ['op'],
    unit: 'seconds',
    says: 'How long one small `read`, and one small durable `write`, took at this scrape.',
    use: 'Writes above 0.1 limit how much mail can be handed over: the disk is slow, or others wait for locks.',
  }),
  thread_up: gauge('process', {
    labels: ['thread'],
    unit: '0 or 1',
    says: 'Whether the thread that answers requests, and the one that does the work, answered this scrape in time. What only that thread knows is missing with 0.',
    use: '0 for `work` for longer than a minute: it hangs. Restart the daemon.',
  }),
  event_loop_delay_seconds: gauge('process', {
    labels: ['thread', 'of'],
    unit: 'seconds',
    says: 'By how much each thread was late in its turns since the scrape before: `mean`, `p99` and `max`.',
    use: 'A `p99` above 0.1 for `answers` means that webhooks wait for the CPU.',
  }),
  heap_bytes: gauge('process', {
    labels: ['thread'],
    unit: 'bytes',
    says: 'Memory in use on the JavaScript heap of each thread.',
    use: 'When it only ever grows, over days, tell us.',
  }),
  resident_bytes: gauge('process', {
    labels: [],
    unit: 'bytes',
    says: 'Memory of the process as the system counts it.',
    use: 'Give the process half as much again; see `HTTP_MEMORY`.',
  }),
  cpu_seconds_total: counter({
    labels: [],
    unit: 'seconds',
    says: 'CPU time of the process, all threads together.',
    use: 'Its rate is the number of cores in use.',
  }),
});
