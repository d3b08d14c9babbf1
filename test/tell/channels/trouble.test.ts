import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SECOND } from '../../../src/core/time.ts';
import { LEFT_ALONE, type Mood, type Moody, startMoody } from '../../../src/lab/servers/moody.ts';
import { alertmanagerChannel } from '../../../src/tell/channels/alertmanager.ts';
import { NotTaken } from '../../../src/tell/channels/call.ts';
import type { AlertChannel } from '../../../src/tell/channels/channel.ts';
import { heeding } from '../../../src/tell/channels/heeding.ts';
import { pagerdutyChannel } from '../../../src/tell/channels/pagerduty.ts';
import { slackChannel } from '../../../src/tell/channels/slack.ts';
import { smsChannel } from '../../../src/tell/channels/sms.ts';
import { webhookChannel } from '../../../src/tell/channels/webhook.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { aNotice } from '../../support/notice.ts';

const CANARY = 'CANARY0123456789CANARY0123456789';
const ACCOUNT = `AC${'0'.repeat(32)}`;
const NUMBER = '+4915112345678';

/** Each channel that calls somebody, with secrets wherever it takes them. */
function channelsAt(url: string, patience?: number): AlertChannel[] {
  const how = { patience, now: () => MORNING };
  const sms = `twilio://${ACCOUNT}:${CANARY}@api.twilio.com?from=%2B15005550006&to=${NUMBER}&api=${url}`;
  return [
    slackChannel(`${url}/services/T000/${CANARY}`, how),
    webhookChannel(`${url}/hook/${CANARY}?key=${CANARY}`, { ...how, secrets: [`whsec_${CANARY}`] }),
    pagerdutyChannel({ ...how, key: CANARY, url, source: 'mg.example.com' }),
    smsChannel(sms, how),
    smsChannel(`${url}/send?key=${CANARY}&to={to}&text={text}#to=${NUMBER}`, how),
    alertmanagerChannel([url], { ...how, publicUrl: null, repeat: 0 }),
  ];
}

async function moody(t: TestContext, ...moods: Mood[]): Promise<Moody> {
  const server = await startMoody((_asked, response) => void response.writeHead(200).end('ok'));
  t.after(server.close);
  server.feel(...moods);
  return server;
}

const NEVER_QUICK = 600;

const SAID: Partial<Record<Mood, { says: RegExp; patience?: number }>> = {
  failing: { says: /^it answered 503: Service Unavailable$/ },
  busy: { says: /^it answered 429: slow down$/ },
  moved: { says: /^it answered 307, a redirect, which is not followed$/ },
  flooding: { says: /^it answered 500: x/ },
  telling: { says: /^it answered 400: / },
  hanging: { says: /^it did not answer: the time for it was over$/, patience: NEVER_QUICK },
  trickling: { says: /^it answered 503: one moment$/, patience: NEVER_QUICK },
};

for (const [mood, { says, patience }] of Object.entries(SAID))
  test(`a service that is ${mood} is a problem of its channel, which tells no secret`, async (t) => {
    const server = await moody(t, mood as Mood);
    const channels = channelsAt(server.url, patience);
    for (const { name, send } of channels)
      await assert.rejects(send(aNotice()), (error: Error) => {
        assert.match(error.message, says, name);
        assert.doesNotMatch(error.message, /CANARY|15112345678/, name);
        return true;
      });
    assert.equal(server.asked.length, channels.length, 'each asked once, and nobody anywhere else');
  });

test('nothing is told of a URL where nobody listens', async (t) => {
  const server = await moody(t);
  await server.close();
  for (const { name, send } of channelsAt(server.url))
    await assert.rejects(send(aNotice()), { message: 'it did not answer: ECONNREFUSED' }, name);
});

test('a service that asks to be left alone is left alone for so long, and asked again then', async (t) => {
  const server = await moody(t, 'busy', 'well');
  const clock = clockAt();
  const [slack] = channelsAt(server.url);
  assert.ok(slack);
  const channel = heeding(slack, clock);
  await assert.rejects(channel.send(aNotice()), (error: Error) => {
    assert.equal(error instanceof NotTaken && error.retryAfter, LEFT_ALONE * SECOND);
    return true;
  });
  clock.advance(LEFT_ALONE * SECOND - 1000);
  await assert.rejects(channel.send(aNotice()), { message: 'it asked to be left alone for another 1 s' });
  assert.equal(server.asked.length, 1);
  clock.advance(1000);
  assert.deepEqual(await channel.send(aNotice()), []);
  assert.equal(server.asked.length, 2);
});

test('a clock that is set back does not keep a channel shut', async (t) => {
  const server = await moody(t, 'busy', 'well');
  const clock = clockAt();
  const [slack] = channelsAt(server.url);
  assert.ok(slack);
  const channel = heeding(slack, clock);
  await assert.rejects(channel.send(aNotice()));
  clock.set(MORNING - 86_400_000);
  assert.deepEqual(await channel.send(aNotice()), []);
});
