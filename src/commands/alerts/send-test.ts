import type { Command } from 'commander';
import type { Config } from '../../config/config.ts';
import type { Ms } from '../../core/time.ts';
import type { AlertChannel, Notice } from '../../tell/channels/channel.ts';
import { EXIT, Failed, paint, printable, say, sayJson, type Terminal } from '../common/terminal.ts';

const EXAMPLES = `
Sends a test by each way to the administrators that is configured, by mail to
those who are on call, and says whether it was taken. Where incidents are kept
(PagerDuty, Alertmanager) it opens one and ends it at once. Exits 1 when a
channel did not take it, or when not everybody got it.

Examples:
  homing alerts send-test
  homing alerts send-test --channel sms
  homing alerts send-test --json | jq '.channels[] | select(.problems != [])'`;

type Options = { channel?: string; json?: boolean };

/** What became of the test of one channel. */
type Tried = { channel: string; way: string; took: Ms; problems: string[] };

export function addSendTestCommand(alerts: Command, terminal: Terminal): void {
  alerts
    .command('send-test')
    .description('try each way to the administrators')
    .option('--channel <name>', 'only this one: mail, slack, webhook, pagerduty, sms or alertmanager')
    .option('--json', 'print the results as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options, command: Command) => {
      const { WAYS } = await import('../../core/ladder.ts');
      const { channel } = options;
      if (channel !== undefined && !WAYS.some((way) => way === channel))
        command.error(`error: --channel must be one of ${WAYS.join(', ')}`, { exitCode: EXIT.usage });
      await sendTest(terminal, options);
    });
}

async function sendTest(terminal: Terminal, options: Options): Promise<void> {
  const { readConfig } = await import('../../config/config.ts');
  const { createChannels } = await import('../../tell/channels/create.ts');
  const { onCallBy } = await import('../../tell/on-call.ts');
  const { SECOND } = await import('../../core/time.ts');
  const config = readConfig(terminal.env, 'database');
  const limits = { timeout: 10 * SECOND, dataTimeout: 20 * SECOND };
  const onCall = onCallBy(config);
  const { alerts, close } = createChannels(config, { ...limits, now: terminal.now, onCall });
  try {
    const channels = await chosen(alerts, options.channel, config);
    const tried: Tried[] = [];
    for (const channel of channels) {
      const one = await tryOut(channel, terminal.now());
      tried.push(one);
      if (!options.json) say(terminal, lineOf(terminal, one));
    }
    if (options.json) sayJson(terminal, { channels: tried });
    if (tried.some(({ problems }) => problems.length > 0)) terminal.exitCode = EXIT.failed;
  } finally {
    await close();
  }
}

async function chosen(all: readonly AlertChannel[], way: string | undefined, config: Config): Promise<AlertChannel[]> {
  const { wayOf } = await import('../../core/ladder.ts');
  const channels = all.filter(({ name }) => way === undefined || wayOf(name) === way);
  if (channels.length > 0) return channels;
  if (way !== undefined && way !== 'mail') throw new Failed(`The channel ${way} is not configured.`);
  const addressed = (['ADMIN_EMAILS', 'ALERT_ON_CALL'] as const).find((name) => config[name].length > 0);
  const mail = addressed === undefined ? 'ADMIN_EMAILS is not set' : `there is no server for ${addressed}`;
  throw new Failed(way === 'mail' ? `No alert goes by mail: ${mail}.` : `No channel is configured: ${mail}.`);
}

/** Says what went wrong, and does not throw: the others are tried all the same. */
async function tryOut({ name, send }: AlertChannel, now: Ms): Promise<Tried> {
  const { stopwatch } = await import('../../base/wait.ts');
  const { wordsOf } = await import('../../base/errors.ts');
  const { wayOf } = await import('../../core/ladder.ts');
  const way = wayOf(name);
  const took = stopwatch();
  const problems: string[] = [];
  try {
    const opened = await testNotice(now);
    problems.push(...(await send(opened)));
    if (way === 'pagerduty' || way === 'alertmanager')
      problems.push(...(await send({ ...opened, turn: 'ended', endedAt: now })));
  } catch (error) {
    problems.push(wordsOf(error));
  }
  return { channel: name, way, took: Math.round(took()), problems: problems.map(printable) };
}

async function testNotice(now: Ms): Promise<Notice> {
  const { newId } = await import('../../base/ids.ts');
  const { timeWords } = await import('../../core/words/numbers.ts');
  const id = newId(now);
  const body = `This is a test of the alerts, sent by "homing alerts send-test" at ${timeWords(now)}.\nNothing has happened, and nothing has to be done.\n`;
  return {
    ...{ id, conversation: `test:${id}`, turn: 'opened', severity: 'info', kind: 'test', incident: 'test' },
    ...{ subject: '[Homing] a test of the alerts', body, count: 1, link: null, tries: 0 },
    ...{ createdAt: now, startedAt: now, endedAt: null, isWorse: false, toldAt: [] },
  };
}

function lineOf(terminal: Terminal, { channel, way, took, problems }: Tried): string {
  const isWell = problems.length === 0;
  const name = (way === channel ? way : `${way} (${channel})`).padEnd(14);
  const head = paint(terminal, isWell ? 'green' : 'red', (isWell ? 'ok' : 'failed').padEnd(7));
  return `${head} ${name} ${isWell ? `took it in ${took} ms` : `${problems.join('; ')} (after ${took} ms)`}`;
}
