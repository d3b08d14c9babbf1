import assert from 'node:assert/strict';
import { test } from 'node:test';
import { disarm } from '../../src/base/csv.ts';
import { addClassifyCommand } from '../../src/commands/classify.ts';
import { addExplainCommand } from '../../src/commands/explain.ts';
import { addListCommand } from '../../src/commands/list.ts';
import { addSuppressionsCommand } from '../../src/commands/suppressions.ts';
import { MINUTE } from '../../src/core/time.ts';
import { slackChannel } from '../../src/tell/channels/slack.ts';
import { MORNING } from '../support/clock.ts';
import { bounce, failed, seed, sent } from '../support/factory.ts';
import { say, startScript } from '../support/http-script.ts';
import { aNotice } from '../support/notice.ts';
import { database, runHere } from './support.ts';

const HOSTILE = 'mail\u061c \u202eliam\u2066 \u009b31m \u001b]0;owned\u0007 zero\u200bwidth\u2028line \u{e0041}';

test('no command lets the words of a server act on the terminal, and JSON keeps their value', async (t) => {
  const { store, url } = await database(t);
  const reply = bounce({ message: HOSTILE });
  const facts = [...sent(), failed(MORNING + MINUTE, 'stop', { bounce: reply, suppress: 'recipient_unknown' })];
  const [view] = await seed(store, { subject: HOSTILE, from: HOSTILE, facts });
  const env = { DATABASE_URL: url };
  const id = view?.id ?? '';
  const ran = [
    await runHere(addExplainCommand, ['explain', id], env),
    await runHere(addExplainCommand, ['explain', id, '--json'], env),
    await runHere(addExplainCommand, ['explain', HOSTILE], env),
    await runHere(addExplainCommand, [HOSTILE], env),
    await runHere(addListCommand, ['list'], env),
    await runHere(addListCommand, ['list', '--json'], env),
    await runHere(addSuppressionsCommand, ['suppressions', 'list'], env),
    await runHere(addSuppressionsCommand, ['suppressions', 'list', '--json'], env),
    await runHere(addClassifyCommand, ['classify', '--rules', `/no/${HOSTILE}`], env),
  ];
  for (const { out, err } of ran) assert.doesNotMatch(out + err, /(?!\n)\p{Cc}|\p{Cf}|\p{Zl}/u);
  assert.equal((JSON.parse(ran[1]?.out ?? '') as { subject: string }).subject, HOSTILE);
});

test('a cell of a table is no formula, and a message to Slack calls nobody and hides no link', async (t) => {
  for (const cell of ['=1+1', ' +1', '-1', '@SUM(A1)', '\t=1', '\u202e=1', '＝1', '"=1'])
    assert.match(String(disarm(cell)), /^'/, cell);
  assert.equal(disarm('example.net'), 'example.net');
  const server = await startScript(t, say(200, 'ok'));
  const body = '<!channel> <https://evil.example|mailgun.com> @here & @all';
  await slackChannel(server.url).send(aNotice({ body }));
  const { text } = JSON.parse(String(server.seen[0]?.body)) as { text: string };
  assert.match(text, /&lt;!channel&gt; &lt;https:\/\/evil\.example\|mailgun\.com&gt; ＠here &amp; ＠all/);
});
