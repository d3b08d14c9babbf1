import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { fullName, METRIC_NAMES, METRICS } from '../../src/metrics/list.ts';
import { createScrape } from '../../src/metrics/scrape.ts';
import { createTally } from '../../src/metrics/tally.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { clockAt } from '../support/clock.ts';
import { logInto } from '../support/homing.ts';
import { startSilentProxy } from '../support/silent-proxy.ts';
import { eachStore, onMariaDb } from '../support/stores.ts';
import { METRICS_TOKEN, queue, startMeasured, statesIn, untilSo, valuesIn } from './support.ts';

test('a daemon tells of mail what became of it, and shows every metric of the list with its type and labels', async (t) => {
  const daemon = await startMeasured(t);
  await queue(daemon, 'ann@gmail.com');
  await untilSo(daemon, async () => (await statesIn(daemon)).join() === 'delivered');
  const response = await fetch(`${daemon.url}/metrics`);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
  assert.deepEqual(
    types,
    METRIC_NAMES.map((name) => [fullName(name), METRICS[name].type]),
  );
  for (const name of METRIC_NAMES)
    assert.deepEqual(labelsIn(text, fullName(name)), [...METRICS[name].labels].sort(), name);
  const values = valuesIn(text);
  const said = (series: string) => values.get(`homing_${series}`);
  assert.equal(said('deliveries_ended_total{class="access",provider="mailgun",state="delivered"}'), 1);
  assert.equal(said('deliveries_ended_total{class="access",provider="mailgun",state="abandoned"}'), 0);
  assert.equal(said('time_to_delivery_seconds_bucket{le="60",class="access",provider="mailgun"}'), 1);
  assert.equal(said('time_to_delivery_seconds_count{class="bulk",provider="mailgun"}'), 0);
  assert.equal(said('day_deliveries{class="access",state="delivered"}'), 1);
  assert.equal(said('receiver_reports_total{receiver="google",report="delivered"}'), 1);
  assert.equal(said('hand_over_seconds_count{provider="mailgun",answer="accepted"}'), 1);
  assert.ok((said('webhook_seconds_count{provider="mailgun",answer="kept"}') ?? 0) >= 1);
  assert.equal(said('database_up'), 1);
  assert.equal(said('backup_every_seconds'), 0);
  assert.equal(said('thread_up{thread="work"}'), 1);
  assert.doesNotMatch(text, /ann@|gmail|example\.com/);
});

/** The labels of every series of a metric, but for the bound of a bucket. */
function labelsIn(text: string, name: string): string[] {
  const series = text.split('\n').filter((line) => new RegExp(`^${name}(?:_bucket|_sum|_count)?[{ ]`).test(line));
  const sets = new Set(
    series.map((line) =>
      [...line.matchAll(/(\w+)="/g)]
        .map(([, label]) => label)
        .sort()
        .join(),
    ),
  );
  sets.delete('');
  const all = new Set([...sets].flatMap((set) => set.split(',')).filter((label) => label !== 'le'));
  assert.ok(series.length > 0, `${name} has no series`);
  return [...all].sort();
}

/** The answer to a request with these headers, whatever they say of the host. */
const statusOf = (url: string, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve, reject) => {
    const asked = request(`${url}/metrics`, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });

test('it is read with a token, or on the machine itself, but not through a proxy on the machine, nor by a page of others', async (t) => {
  const { url } = await startMeasured(t);
  assert.equal(await statusOf(url), 200);
  assert.equal(await statusOf(url, { authorization: `Bearer ${METRICS_TOKEN}`, 'x-forwarded-for': '192.0.2.1' }), 200);
  assert.equal(await statusOf(url, { authorization: 'Bearer something-else' }), 401);
  assert.equal(await statusOf(url, { authorization: 'Basic YXBpOmFwaQ==' }), 401);
  for (const header of ['x-forwarded-for', 'forwarded', 'via'])
    assert.equal(await statusOf(url, { [header]: 'x' }), 401);
  assert.equal(await statusOf(url, { host: 'rebound.example' }), 401);
});

test('without a token nobody reads it from elsewhere', async (t) => {
  const { url } = await startMeasured(t, { METRICS_TOKEN: '' });
  assert.equal(await statusOf(url), 200);
  assert.equal(await statusOf(url, { 'x-forwarded-for': '192.0.2.1' }), 401);
  assert.equal(await statusOf(url, { authorization: 'Bearer x' }), 401);
});

/** Long enough for any machine, where an answer is to come. */
const PATIENT = 60_000;
const PATIENCE = { database: PATIENT, work: PATIENT };

/** Scrapes with a clock that is set. */
function scraping(store: Store, ofWork = async () => createTally().read(), patience = PATIENCE) {
  const clock = clockAt();
  const own = createTally();
  own.count('doubles_total', ['possible'], 7);
  const read = createScrape({
    ...{
      store,
      providers: ['mailgun'],
      version: '1',
      startedAt: clock(),
      backupEvery: 0,
      now: clock,
      log: logInto([]),
    },
    ...{ own: own.read, ofWork, monotonic: () => performance.now(), patience },
  });
  return { clock, read: async () => valuesIn((await read()).text) };
}

eachStore('a thread that does not answer does not keep the others from being heard', async ({ store }) => {
  const { read } = scraping(store, () => new Promise(() => {}), { ...PATIENCE, work: 100 });
  const values = await read();
  assert.equal(values.get('homing_thread_up{thread="work"}'), 0);
  assert.equal(values.get('homing_database_up'), 1);
  assert.equal(values.get('homing_doubles_total{kind="possible"}'), 7);
});

eachStore('a thread that stops answering takes nothing back of what it counted', async ({ store }) => {
  const theirs = createTally();
  theirs.count('doubles_total', ['possible'], 5);
  const answers = [async () => theirs.read(), () => new Promise<never>(() => {})];
  const ofWork = () => (answers.shift() ?? (() => new Promise<never>(() => {})))();
  const { clock, read } = scraping(store, ofWork, { ...PATIENCE, work: 100 });
  assert.equal((await read()).get('homing_doubles_total{kind="possible"}'), 12);
  clock.advance(MINUTE);
  const values = await read();
  assert.equal(values.get('homing_thread_up{thread="work"}'), 0);
  assert.equal(values.get('homing_doubles_total{kind="possible"}'), 12);
});

eachStore('who asks within some seconds gets the same answer, which is made once', async ({ store }) => {
  let asked = 0;
  const { clock, read } = scraping(store, async () => {
    asked++;
    return createTally().read();
  });
  await Promise.all([read(), read(), read()]);
  clock.advance(4000);
  await read();
  assert.equal(asked, 1);
  clock.advance(4000);
  await read();
  assert.equal(asked, 2);
});

onMariaDb('a database that hangs is told of in time, with what is known without it', async (given) => {
  const target = new URL(given.url);
  const proxy = await startSilentProxy(Number(target.port));
  target.port = String(proxy.port);
  const store = openStore(target.href);
  assert.equal((await scraping(store).read()).get('homing_database_up'), 1);
  proxy.silence();
  const values = await scraping(store, undefined, { ...PATIENCE, database: 300 }).read();
  assert.equal(values.get('homing_database_up'), 0);
  assert.equal(values.get('homing_doubles_total{kind="possible"}'), 7);
  assert.equal(
    [...values.keys()].some((name) => name.startsWith('homing_backlog')),
    false,
  );
  await proxy.close();
  await store.close();
});

test('a database that is gone is told of as well', async (t) => {
  const store = openStore('mysql://root@127.0.0.1:1/none');
  t.after(() => store.close());
  assert.equal((await scraping(store).read()).get('homing_database_up'), 0);
});
