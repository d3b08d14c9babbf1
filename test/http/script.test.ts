import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CLASSES } from '../../src/core/message-class.ts';
import { MINUTE } from '../../src/core/time.ts';
import { classSentence, overallSentence } from '../../src/core/words/timeliness.ts';
import { RESEND, WAITING } from '../../src/core/words/waiting.ts';
import { GERMAN_TEXTS, STATUS_SCRIPT } from '../../src/http/status-script.ts';
import { ask, start } from './support.ts';

test('the script is below 5 kB as it is, and can be used and kept by pages of any site', async (t) => {
  const { url } = await start(t);
  const script = await fetch(`${url}/homing-status.js`);
  const length = Buffer.byteLength(await script.text());
  assert.ok(length < 5000, `${length} bytes`);
  const { headers } = script;
  assert.equal(headers.get('content-type'), 'text/javascript; charset=utf-8');
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('cross-origin-resource-policy'), 'cross-origin');
  assert.equal(headers.get('access-control-allow-origin'), '*');
  assert.equal(headers.get('cache-control'), 'public, max-age=3600');
  const etag = headers.get('etag') ?? '';
  // As browsers ask; fetch of Node would add no-cache.
  const asking = (known: string) => ({ headers: { 'if-none-match': known, 'cache-control': 'max-age=0' } });
  const kept = await fetch(`${url}/homing-status.js`, asking(etag));
  assert.deepEqual([kept.status, await kept.text()], [304, '']);
  const changed = await fetch(`${url}/homing-status.js`, asking('"other"'));
  assert.equal(changed.status, 200);
});

test('the script needs nothing that a strict page forbids', () => {
  assert.doesNotMatch(STATUS_SCRIPT, /\beval\b|new Function|innerHTML|\.style\b|\bimport\b|document\.write/);
});

test('there is a German text for whatever is said in English', async (t) => {
  const { url } = await start(t);
  const { body, headers } = await ask(`${url}/homing-status.de.json`);
  assert.equal(headers.get('access-control-allow-origin'), '*');
  assert.equal(JSON.stringify(body), GERMAN_TEXTS);
  const { banner, mail, message, resend, ...rest } = body as Record<string, object>;
  assert.deepEqual(Object.keys(message ?? {}).sort(), Object.keys(WAITING).sort());
  assert.deepEqual(Object.keys(resend ?? {}).sort(), Object.keys(RESEND).sort());
  assert.deepEqual(Object.keys(banner ?? {}).sort(), ['backup', 'delayed', 'down']);
  assert.deepEqual(Object.keys(mail ?? {}).sort(), ['access', 'all', 'bulk', 'notice']);
  assert.deepEqual(Object.keys(rest).sort(), ['again', 'trouble', 'wait']);
});

test('the texts that the documentation shows as a model are those that are shown in English', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/people.md'), 'utf8');
  const { banner, mail, message, resend, ...rest } = JSON.parse(/```json\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
  const words = Object.entries(WAITING).map(([stage, { sentence, nextStep }]) => [stage, [sentence, nextStep]]);
  assert.deepEqual(message, Object.fromEntries(words));
  assert.deepEqual(resend, RESEND);
  for (const state of ['delayed', 'backup', 'down'] as const) {
    const put = (text: string, name: string) => text.replace('{mail}', mail[name]).replace('{time}', '10 minutes');
    const shown = { state, since: null, delay: 7 * MINUTE };
    for (const name of CLASSES) assert.equal(put(banner[state], name), classSentence(name, shown));
    assert.equal(put(banner[state], 'all'), overallSentence({ access: shown, notice: shown, bulk: shown }));
  }
  for (const text of Object.values(rest)) assert.ok(STATUS_SCRIPT.includes(String(text)), String(text));
  assert.deepEqual(Object.keys(rest).sort(), ['again', 'trouble', 'wait']);
});

test('a page of another site may ask how a message stands, and have it sent again, after asking whether it may', async (t) => {
  const { url } = await start(t);
  for (const [path, method] of [
    ['/status/x', 'GET'],
    ['/status/x/resend', 'POST'],
  ] as const) {
    const preflight = await fetch(url + path, {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-method': method },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
    assert.match(preflight.headers.get('access-control-allow-methods') ?? '', new RegExp(`\\b${method}\\b`));
    const answer = await fetch(url + path, { method, headers: { origin: 'https://shop.example' } });
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.equal(answer.headers.get('access-control-allow-credentials'), null);
    assert.match(answer.headers.get('access-control-expose-headers') ?? '', /Retry-After/);
  }
  for (const path of ['/api/messages', '/api/queue', '/messages/x'])
    assert.equal((await fetch(url + path)).headers.get('access-control-allow-origin'), null, path);
});
