import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publicLookup } from '../../src/base/public-address.ts';
import { EVENTS } from '../../src/events/settings.ts';
import { MORNING } from '../support/clock.ts';
import { say, startScript } from '../support/http-script.ts';
import { posterTo, SECRET } from './support.ts';

const LETTER = { id: 'evt_1', body: '{}', topic: 'x', now: MORNING };
const WHY = 'no answer: its name leads to an address that is not public';

test('nothing is posted to this machine or to a name that leads to it, unless that is allowed', async (t) => {
  const server = await startScript(t, say(200, 'ok'));
  const named = server.url.replace('127.0.0.1', 'localhost');
  const mapped = server.url.replace('127.0.0.1', '[::ffff:127.0.0.1]');
  const strict = posterTo(t, null as never, [server.url, named, mapped], { allowPrivate: 'off' });
  for (const target of strict.targets) assert.equal((await target.post(LETTER)).detail, WHY);
  assert.equal(server.seen.length, 0);
  const lenient = posterTo(t, null as never, [server.url]);
  assert.equal((await lenient.targets[0]?.post(LETTER))?.isTaken, true);
});

test('the address that was looked at is the one that is connected to: a name is asked once for a connection', async (t) => {
  const server = await startScript(t, say(200, 'ok'));
  let asked = 0;
  // First a public address, as a name does that is to get past a check, and then this machine.
  const lookup = publicLookup((_name, _options, tell) =>
    tell(null, [{ address: ++asked === 1 ? '198.51.100.7' : '127.0.0.1', family: 4 }]),
  );
  const url = `http://rebinding.example:${new URL(server.url).port}/`;
  const { targets } = posterTo(t, null as never, [url], { allowPrivate: 'off', lookup, patience: 300 });
  for (let n = 0; n < 3; n++) assert.equal((await targets[0]?.post(LETTER))?.isTaken, false);
  assert.equal(server.seen.length, 0);
});

const problemsOf = (EVENTS_WEBHOOK_URL: string[], allow: 'on' | 'off' = 'off', secrets = [SECRET]) =>
  EVENTS.problems?.({
    ...{ EVENTS_WEBHOOK_URL, EVENTS_WEBHOOK_SECRET: secrets, EVENTS_WEBHOOK_STATES: ['delivered'] },
    ...{ EVENTS_URL: undefined, EVENTS_EXCHANGE: 'homing.events' },
    ...{ EVENTS_WEBHOOK_ALLOW_PRIVATE: allow, EVENTS_WEBHOOK_RETRY: 1000, EVENTS_KEPT: 2000 },
  });

test('what could never be posted to is refused at the start', () => {
  assert.deepEqual(problemsOf(['https://app.example.com/hook', 'https://8.8.8.8/']), []);
  assert.match(String(problemsOf(['https://ok.example', 'http://app.example.com/'])), /URL 2 .* must begin with https/);
  assert.match(String(problemsOf(['https://0x7f.1/'])), /URL 1 .* not public/);
  assert.deepEqual(problemsOf(['http://127.0.0.1:3000/'], 'on'), []);
  assert.match(String(problemsOf(['https://a.example', 'https://a.example'])), /one URL twice/);
  assert.match(String(problemsOf(['https://a.example'], 'off', [])), /needs EVENTS_WEBHOOK_SECRET/);
});
