import assert from 'node:assert/strict';
import { after, before, beforeEach, type TestContext, test } from 'node:test';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import nodemailer from 'nodemailer';
import { within } from '../../src/base/deadline.ts';
import { createHoming } from '../../src/index.ts';
import { startSink } from '../../src/lab/sim/sink.ts';
import { createTally } from '../../src/metrics/tally.ts';
import { watched } from '../../src/metrics/watched.ts';
import { createSmtp } from '../../src/providers/smtp/provider.ts';
import { clientFor, freshFolder, startRecording } from '../client/support.ts';
import { testStore } from '../support/stores.ts';
import { queue, startMeasured, statesIn, untilSo } from './support.ts';

const exporter = new InMemorySpanExporter();

before(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
});
after(() => {
  trace.disable();
  context.disable();
});
beforeEach(() => exporter.reset());

const named = (name: string): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.name === name);

/** Does something within a span of the application; gives the id of that span. */
const inRequest = (work: () => Promise<unknown>): Promise<string> =>
  trace.getTracer('application').startActiveSpan('request', async (span) => {
    await work().finally(() => span.end());
    return span.spanContext().spanId;
  });

async function application(t: TestContext) {
  const { url } = await testStore(t, 'sqlite');
  const homing = createHoming({ database: url, spool: { folder: freshFolder(t) }, patience: 5000 });
  t.after(homing.close);
  return homing;
}

test('a send that is wrapped is a part of what the application does, with mailgun.js', async (t) => {
  const homing = await application(t);
  const recording = await startRecording(t);
  const client = homing.wrapMailgun(clientFor(recording.url));
  const mail = { from: 'shop@example.com', to: ['ann@example.org'], subject: 'Hello', text: 'Hi' };
  const parent = await inRequest(() => client.messages.create('mg.example.com', mail));
  const [span] = named('homing.send');
  assert.equal(span?.parentSpanContext?.spanId, parent);
  assert.doesNotMatch(JSON.stringify(span?.attributes), /@/);
  recording.reply(() => ({ status: 401, body: { message: 'ann@example.org is no good' } }));
  await inRequest(() => assert.rejects(client.messages.create('mg.example.com', mail)));
  const [, failed] = named('homing.send');
  assert.equal(failed?.status.code, SpanStatusCode.ERROR);
  assert.doesNotMatch(JSON.stringify([failed?.status, failed?.events]), /ann@/);
});

test('and with nodemailer, until its server has answered', async (t) => {
  const homing = await application(t);
  const sink = await startSink({});
  t.after(sink.close);
  const transport = homing.wrapTransport(nodemailer.createTransport(sink.url));
  t.after(() => transport.close());
  const mail = { from: 'shop@example.com', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };
  const parent = await inRequest(() => transport.sendMail(mail));
  assert.equal(sink.mails.length, 1);
  assert.equal(named('homing.send')[0]?.parentSpanContext?.spanId, parent);
});

test('a hand-over is a span with our ids, its provider and its answer, and is timed', async (t) => {
  const sink = await startSink({ refuse: () => ({ code: 550, message: '5.1.1 no such user' }) });
  t.after(sink.close);
  const tally = createTally();
  const provider = watched(createSmtp(sink.url, { lease: 60_000 }), { tally, monotonic: () => performance.now() });
  t.after(() => provider.close());
  const mime = Buffer.from('From: shop@example.com\r\nTo: ann@example.org\r\nSubject: Hi\r\n\r\nHi\r\n');
  const mail = {
    ...{ messageId: 'M1', deliveryId: 'D1', attempt: 2, rfcMessageId: 'a@b', domain: 'mg.example.com' },
    ...{ sender: 'shop@example.com', recipient: 'ann@example.org', deliverAt: null, usefulUntil: null },
    content: { mime },
  };
  assert.equal((await provider.handOver(mail, within(10_000))).kind, 'refused');
  const [span] = named('homing.hand_over');
  assert.deepEqual(span?.attributes, {
    ...{ 'homing.provider': provider.name, 'homing.message': 'M1', 'homing.delivery': 'D1' },
    ...{ 'homing.attempt': 2, 'homing.recipients': 1, 'homing.answer': 'refused' },
  });
  const counted = tally.read().spreads.map(({ labels, counts }) => [labels[1], counts.reduce((a, b) => a + b)]);
  assert.deepEqual(counted, [
    ['accepted', 0],
    ['refused', 1],
    ['unanswered', 0],
  ]);
});

test('a webhook is a span with its answer', async (t) => {
  const daemon = await startMeasured(t);
  await queue(daemon, 'ann@gmail.com');
  await untilSo(daemon, async () => (await statesIn(daemon)).join() === 'delivered');
  const forged = await fetch(`${daemon.url}/webhooks/mailgun`, { method: 'POST', body: '{}' });
  assert.equal(forged.status, 406);
  await untilSo(daemon, async () => named('homing.webhook').length >= 2);
  const answers = new Set(named('homing.webhook').map(({ attributes }) => attributes['homing.answer']));
  assert.deepEqual([...answers].sort(), ['kept', 'refused']);
});
