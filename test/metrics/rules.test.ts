import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { fullName, METRIC_NAMES, METRICS } from '../../src/metrics/list.ts';
import {
  promtool,
  RULES,
  RULES_TEST,
  startAlertmanager,
  startPrometheus,
  withoutPrometheus,
} from '../support/prometheus.ts';
import { METRICS_TOKEN, queue, startMeasured, statesIn, untilSo } from './support.ts';

const skip = withoutPrometheus() ?? false;
const BOARD = join(import.meta.dirname, '../../deploy/grafana/homing.json');

test('the rules are sound, and ring when they should and not when they should not', { skip }, () => {
  assert.match(promtool(['check', 'rules', RULES]), /SUCCESS/);
  assert.match(promtool(['test', 'rules', RULES_TEST]), /SUCCESS/);
});

type Board = { panels: { title: string; description?: string; targets?: { expr: string }[] }[] };

const queriesOf = (board: Board): string[] =>
  board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const board = (): Board => JSON.parse(readFileSync(BOARD, 'utf8')) as Board;

/** Names of series that exist: those of a histogram are three. */
const SERIES = new Set(
  METRIC_NAMES.flatMap((name) => {
    const isHistogram = METRICS[name].type === 'histogram';
    return isHistogram ? ['_bucket', '_sum', '_count'].map((part) => fullName(name) + part) : [fullName(name)];
  }),
);

test('every metric that the rules and the board name exists, with the labels by which they take it', () => {
  const rules = readFileSync(RULES, 'utf8');
  const recorded = new Set([...rules.matchAll(/record: (\S+)/g)].map(([, name]) => name));
  for (const text of [rules, ...queriesOf(board())]) {
    for (const [name] of text.matchAll(/\bhoming_\w+/g)) assert.ok(SERIES.has(name), name);
    for (const [name] of text.matchAll(/\bhoming:\w+:\w+/g)) assert.ok(recorded.has(name), name);
    for (const [, name = '', taken = ''] of text.matchAll(/\b(homing_\w+)\{([^}]*)\}/g)) {
      const metric = METRIC_NAMES.find(
        (one) => name.replace(/_(?:bucket|sum|count)$/, '') === fullName(one) || name === fullName(one),
      );
      const labels = [...taken.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => label);
      const known: readonly string[] = ['job', 'instance', 'le', ...(metric ? METRICS[metric].labels : [])];
      for (const label of labels) assert.ok(known.includes(label), `${name} has no label ${label}`);
    }
  }
});

test('each alert has a row that says what to do', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/monitoring.md'), 'utf8');
  const alerts = [...readFileSync(RULES, 'utf8').matchAll(/alert: (\S+)/g)].map(([, name = '']) => name);
  assert.ok(alerts.length > 15);
  for (const alert of alerts) assert.ok(page.includes(`| \`${alert}\` |`), alert);
});

type Told = { status: string; labels: Record<string, string>; annotations: Record<string, string> };

/** Takes what an Alertmanager posts. */
async function receiver(t: TestContext): Promise<{ url: string; told: Told[] }> {
  const told: Told[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    told.push(...(JSON.parse(Buffer.concat(parts).toString()) as { alerts: Told[] }).alerts);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, told };
}

test('a real Prometheus reads a daemon, and a real Alertmanager pages when mail is given up', { skip }, async (t) => {
  const { url, told } = await receiver(t);
  const daemon = await startMeasured(t, { RETRY_SCHEDULE: 'local', RETRY_UNIT: '10ms', ACCESS_ATTEMPTS: '1' });
  const alertmanager = await startAlertmanager(t, url);
  const prometheus = await startPrometheus(t, {
    daemons: [daemon.url],
    token: METRICS_TOKEN,
    alertmanager: alertmanager.url,
  });
  const given = 'sum(homing_deliveries_ended_total{state=~"abandoned|expired"})';
  await untilSo(daemon, async () => (await prometheus.value(given)) === 0);
  assert.equal(await prometheus.value('up{job="homing"}'), 1);
  assert.match(promtool(['check', 'metrics'], await (await fetch(`${daemon.url}/metrics`)).text()), /^$/);
  for (const query of queriesOf(board())) await prometheus.value(asked(query));

  for (let n = 0; n < 15; n++) {
    daemon.sim.fate(`p${n}@there.example`, BLOCKED_IP);
    await queue(daemon, `p${n}@there.example`);
  }
  await untilSo(daemon, async () =>
    (await statesIn(daemon)).every((state) => state === 'abandoned' || state === 'expired'),
  );
  const paged = () => told.find(({ labels }) => labels['alertname'] === 'HomingMailLateFast');
  await untilSo(daemon, async () => paged() !== undefined);
  assert.deepEqual(paged()?.labels, {
    alertname: 'HomingMailLateFast',
    class: 'access',
    job: 'homing',
    severity: 'page',
  });
  assert.match(paged()?.annotations['summary'] ?? '', /access mail comes late/);
});

/** As Grafana fills it in. */
const asked = (query: string): string => query.replaceAll('$__rate_interval', '1m').replaceAll('$job', 'homing');
