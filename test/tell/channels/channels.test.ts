import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slackChannel } from '../../../src/tell/channels/slack.ts';
import { webhookChannel } from '../../../src/tell/channels/webhook.ts';
import { MORNING } from '../../support/clock.ts';
import { say, startScript } from '../../support/http-script.ts';
import { aNotice } from '../../support/notice.ts';

const ALERT = aNotice();

test('Slack and a webhook get an alert as JSON, each in its own form', async (t) => {
  const server = await startScript(t, say(200, 'ok'));
  assert.deepEqual(await slackChannel(`${server.url}/slack`).send(ALERT), []);
  assert.deepEqual(await webhookChannel(`${server.url}/hook`).send(ALERT), []);
  const [slack, hook] = server.seen.map(({ path, body }) => ({ path, ...(JSON.parse(String(body)) as object) }));
  assert.deepEqual(slack, { path: '/slack', text: '*Two mails*\nwere given up' });
  const { id, incident, count, subject, body } = ALERT;
  assert.deepEqual(hook, {
    ...{ path: '/hook', id, incident, count, subject, body },
    createdAt: new Date(MORNING).toISOString(),
  });
});

test('an alert that was not taken is a problem of the channel, and a redirect is not followed', async (t) => {
  const server = await startScript(t, (response, { path }) => {
    if (path === '/moved') response.writeHead(307, { location: '/hook' });
    else response.writeHead(503);
    response.end();
  });
  await assert.rejects(webhookChannel(`${server.url}/hook`).send(ALERT), /it answered 503/);
  await assert.rejects(slackChannel(`${server.url}/moved`).send(ALERT));
  assert.deepEqual(
    server.seen.map((s) => s.path),
    ['/hook', '/moved'],
  );
});
