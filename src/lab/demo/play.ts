import { styleText } from 'node:util';
import { sleep } from '../../base/wait.ts';
import { SECOND } from '../../core/time.ts';
import { look, type Shown, send } from './application.ts';
import { ADMIN, withCast } from './cast.ts';
import { bold, isOn, linger, type Play, type Stage, sayOf, since, type Tour, watchAt } from './stage.ts';
import { type Part, STORY } from './story.ts';

/**
 * Plays the story on the real daemon. Resolves to whether every delivery ended as told; `stay` keeps it up until the
 * signal.
 */
export function playDemo(stage: Stage, stay: boolean): Promise<boolean> {
  return withCast(async (cast) => {
    const play = { stage, cast, startedAt: Date.now() };
    const ids = await sendAll(play);
    const ended = await follow(play, ids);
    await followAlerts(play);
    const isRight = summarise(play, ended);
    if (stay) await linger(play, '/api/messages?recipient=dora@stubborn.example', TOUR);
    return isRight;
  });
}

/** What there is to see when it has been played. */
export const TOUR: Tour = [
  ['Did Emil get his invoice?', '/messages?q=emil@closed.example'],
  ['Whose invoice left by the secondary?', '/messages?q=invoice+state:relayed'],
  ['Who gets nothing any more, and why?', '/suppressions'],
  ['Does it help to try again?', '/causes'],
  ['Which news came by polling alone?', '/webhooks?way=polling'],
  ['What were administrators told?', '/alerts'],
  ['How is the day so far?', `/report?from=${new Date().toISOString().slice(0, 10)}`],
  ['Is all set up rightly?', '/doctor'],
];

async function sendAll(play: Play): Promise<Map<Part, string>> {
  const { stage, cast } = play;
  const { url, mailgun, sink } = cast;
  stage.say(bold('Homing, played in seconds: 2, 4, 8, 16 s stand for 4, 16, 64, 256 min.'));
  stage.say(`The real daemon on ${url}, a simulated Mailgun on ${mailgun.url}, a secondary SMTP on ${sink.url}.`);
  watchAt(play);
  const ids = new Map<Part, string>();
  for (const part of STORY) {
    ids.set(part, await send(cast, part));
    sayOf(play, part.name, `sent: ${part.tells}`);
  }
  stage.say('');
  return ids;
}

/** Prints each fact as it comes, until every delivery has ended. */
async function follow(play: Play, ids: ReadonlyMap<Part, string>): Promise<Map<Part, Shown>> {
  const told = new Set<string>();
  const last = new Map<Part, Shown>();
  while (isOn(play)) {
    for (const [part, id] of ids) {
      const delivery = await look(play.cast, id);
      if (!delivery) continue;
      last.set(part, delivery);
      tellNews(play, part, delivery, told);
    }
    if (STORY.every((part) => ENDED.has(last.get(part)?.state ?? 'queued'))) break;
    await sleep(250, play.stage.signal);
  }
  return last;
}

const ENDED = new Set(['delivered', 'relayed', 'failed', 'abandoned', 'expired', 'cancelled']);

/** `told` has what was printed before. That the first attempt was taken is no news: the send itself said so. */
function tellNews(play: Play, part: Part, { facts }: Shown, told: Set<string>): void {
  for (const { kind, at, text } of facts) {
    if (kind === 'asked' || (kind === 'accepted' && text.startsWith('Attempt 1 '))) continue;
    const line = `${part.name} ${at} ${text}`;
    if (!told.has(line)) sayOf(play, part.name, text);
    told.add(line);
  }
}

/** Both incidents (one saved, one given up) have to reach the administrator. */
async function followAlerts(play: Play): Promise<void> {
  const { stage, cast, startedAt } = play;
  const alerts = () => cast.sink.mails.filter(({ to }) => to.includes(ADMIN));
  while (isOn(play) && alerts().length < 2) await sleep(250, stage.signal);
  for (const { raw } of alerts()) {
    stage.say(`\n${since(startedAt)}  ${bold('Alert to the administrator')}`);
    const lines = raw.split('\r\n').filter(isReadable);
    stage.say(
      lines
        .map((line) => `    ${line}`)
        .join('\n')
        .trimEnd(),
    );
  }
}

const isReadable = (line: string): boolean =>
  !/^(Message-ID|Content-[\w-]+|MIME-Version|Date|Auto-Submitted|X-Auto-Response-Suppress|From|To):/i.test(line);

/** Says whether all ended as told. */
function summarise({ stage, startedAt }: Play, ended: ReadonlyMap<Part, Shown>): boolean {
  stage.say(`\n${bold('How it ended')}  (${Math.round((Date.now() - startedAt) / SECOND)} s)`);
  for (const part of STORY) {
    const { state = '?', attempt = 0, explanation = 'nothing is known of it' } = ended.get(part) ?? {};
    const mark = isAsTold(part, ended.get(part))
      ? styleText('green', 'as told')
      : styleText('red', `expected ${part.ends} after ${part.attempts} attempt(s)`);
    stage.say(`  ${part.name.padEnd(6)}  ${state.padEnd(10)} ${attempt} attempt(s)  ${mark}`);
    stage.say(`          ${explanation}`);
  }
  return STORY.every((part) => isAsTold(part, ended.get(part)));
}

const isAsTold = (part: Part, delivery: Shown | undefined): boolean =>
  delivery?.state === part.ends && delivery.attempt === part.attempts;
