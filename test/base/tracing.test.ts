import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { traced } from '../../src/base/tracing.ts';

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

test('work is a part of the trace that goes on in the application, and what it calls is a part of it', async () => {
  const tracer = trace.getTracer('application');
  const answer = await tracer.startActiveSpan('request', async (request) => {
    const result = await traced(
      'homing.send',
      { kind: 'producer', attributes: { 'homing.by': 'test' } },
      async (note) => {
        note.set('homing.answer', 'accepted');
        tracer.startSpan('call').end();
        return 7;
      },
    );
    request.end();
    return result;
  });
  assert.equal(answer, 7);
  const [call, send, request] = exporter.getFinishedSpans();
  assert.equal(send?.name, 'homing.send');
  assert.equal(send?.kind, SpanKind.PRODUCER);
  assert.deepEqual(send?.attributes, { 'homing.by': 'test', 'homing.answer': 'accepted' });
  assert.equal(send?.parentSpanContext?.spanId, request?.spanContext().spanId);
  assert.equal(call?.parentSpanContext?.spanId, send?.spanContext().spanId);
});

test('an error passes through, and only its name is told', async () => {
  const failing = traced('homing.send', { kind: 'producer' }, async () => {
    throw new TypeError('ann@example.net is no good');
  });
  await assert.rejects(failing, /no good/);
  const [span] = exporter.getFinishedSpans();
  assert.deepEqual(span?.status, { code: SpanStatusCode.ERROR, message: 'TypeError' });
  assert.doesNotMatch(JSON.stringify(span?.events), /ann@/);
});

test('where no SDK is started nothing of OpenTelemetry is loaded', async () => {
  const script = `
    import { createRequire } from 'node:module';
    import { traced } from './src/base/tracing.ts';
    const { cache } = createRequire(import.meta.url);
    const loaded = () => Object.keys(cache).some((file) => file.includes('opentelemetry'));
    const answer = await traced('homing.send', { kind: 'producer' }, async (note) => (note.set('a', 1), 'done'));
    const without = loaded();
    globalThis[Symbol.for('opentelemetry.js.api.1')] = { version: '1.4.0', trace: { getTracer: () => null } };
    await traced('homing.send', { kind: 'producer' }, async () => {}).catch(() => {});
    console.log(JSON.stringify([answer, without, loaded()]));`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: join(import.meta.dirname, '..', '..') });
  assert.deepEqual(JSON.parse(stdout), ['done', false, true]);
});
