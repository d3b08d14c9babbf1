import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimSlack } from '../../../src/lab/servers/slack.ts';
import { slackChannel } from '../../../src/tell/channels/slack.ts';
import { webhookChannel } from '../../../src/tell/channels/webhook.ts';
import { MORNING } from '../../support/clock.ts';
import { say, startScript } from '../../support/http-script.ts';
import { aNotice } from '../../support/notice.ts';

const ALERT = aNotice();
const UNSIGNED = { secrets: [], now: () => MORNING };

test('Slack and a webhook get an alert as JSON, each in its own form', async (t) => {
  const server = await startScript(t, say(200, 'ok'));
  assert.deepEqual(await slackChannel(`${server.url}/slack`).send(ALERT), []);
  assert.deepEqual(await webhookChannel(`${server.url}/hook`, UNSIGNED).send(ALERT), []);
  const [slack, hook] = server.seen.map(({ path, body }) => ({ path, ...(JSON.parse(String(body)) as object) }));
  assert.deepEqual(slack, { path: '/slack', text: '*Two mails*\nwere given up' });
  const { tries: _tries, isWorse: _isWorse, toldAt: _toldAt, ...told } = ALERT;
  const morning = new Date(MORNING).toISOString();
  assert.deepEqual(hook, { path: '/hook', ...told, createdAt: morning, startedAt: morning });
});

test('an alert that was not taken is a problem of the channel, and a redirect is not followed', async (t) => {
  const server = await startScript(t, (response, { path }) => {
    if (path === '/moved') response.writeHead(307, { location: '/hook' });
    else response.writeHead(503);
    response.end();
  });
  await assert.rejects(webhookChannel(`${server.url}/hook`, UNSIGNED).send(ALERT), /it answered 503/);
  await assert.rejects(slackChannel(`${server.url}/moved`).send(ALERT));
  assert.deepEqual(
    server.seen.map((s) => s.path),
    ['/hook', '/moved'],
  );
});

test('Slack gets the link that takes an incident, and what it does not take is told in its words', async (t) => {
  const slack = await startSimSlack();
  t.after(slack.close);
  await slackChannel(slack.hook).send(aNotice({ link: 'https://homing.example.com/take?a=1&b=2' }));
  assert.deepEqual(slack.texts, [
    '*Two mails*\nwere given up\nTo take it, so that nobody else is told: https://homing.example.com/take?a=1&amp;b=2',
  ]);
  await assert.rejects(slackChannel(`${slack.hook}0`).send(aNotice()), { message: 'it answered 404: no_service' });
});
