import { styleText } from 'node:util';
import { type Ms, SECOND } from '../../core/time.ts';
import { lookAtQueue, outages, pageOf, queue, stateOf } from './application.ts';
import { ADMIN, withCast } from './cast.ts';
import { bold, linger, type Play, type Stage, sayOf, since, type Tour, until, watchAt } from './stage.ts';

/** A minute is played as six seconds: that is how long signs count, and a provider must look normal for as long. */
const SETTINGS = { OUTAGE_WINDOW: '6s', OUTAGE_STEADY: '6s', ENCRYPTION_KEY: 'd0'.repeat(32) };

/** What there is to see when it has been played. */
export const TOUR: Tour = [
  ['When was Mailgun down, and what did that do?', '/outages'],
  ['How did the reset leave?', '/messages?q=anna@inbox.example'],
  ['What left by the secondary?', '/messages?q=state:relayed'],
  ['What were administrators told?', '/alerts'],
];

const RESET = 'anna@inbox.example';
const EARLY = numbered('early', 3);
const NOTICES = numbered('notice', 40);
/** A reset that takes longer has not left "within seconds". */
const SECONDS: Ms = 10 * SECOND;

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, n) => `${name}${n + 1}@inbox.example`);
}

/** Plays a reset that is asked for while Mailgun is down. Resolves to whether all went as told. */
export function playOutage(stage: Stage, stay: boolean): Promise<boolean> {
  return withCast(async (cast) => {
    const play = { stage, cast, startedAt: Date.now() };
    stage.say(bold('An outage of Mailgun, played in seconds: six stand for a minute.'));
    stage.say(
      `The real daemon on ${cast.url}, a simulated Mailgun on ${cast.mailgun.url}, a secondary on ${cast.sink.url}.`,
    );
    watchAt(play);
    await mailFlows(play);
    const took = await mailgunGoesAway(play);
    await mailgunComesBack(play);
    await tellAlerts(play);
    const isRight = await summarise(play, took);
    if (stay) await linger(play, '/api/outages', TOUR);
    return isRight;
  }, SETTINGS);
}

async function mailFlows(play: Play): Promise<void> {
  const { cast } = play;
  sayOf(play, '8:00', `all is well: ${EARLY.length} receipts leave through Mailgun`);
  for (const to of EARLY) await queue(cast, to, 'notice', 'Your receipt');
  await until(play, () => allArrived(play, EARLY));
  sayOf(play, '', 'they have arrived');
}

/** Resolves to how long the reset took. */
async function mailgunGoesAway(play: Play): Promise<Ms> {
  const { cast } = play;
  await cast.mailgun.unplug();
  sayOf(play, '8:04', 'Mailgun goes away: nobody answers there any more');
  for (const to of NOTICES.slice(0, 6)) await queue(cast, to, 'notice', 'Your receipt');
  sayOf(play, '8:05', 'Anna asks for a new password, and nobody has told Homing that anything is wrong');
  const asked = Date.now();
  await queue(cast, RESET, 'access', 'Reset your password');
  const down = until(play, () => isDown(play));
  await until(play, async () => (await stateOf(cast, RESET)) === 'relayed');
  const took = Date.now() - asked;
  await down;
  sayOf(play, 'Anna', `has her mail, by the secondary, ${(took / SECOND).toFixed(1)} s after she asked`);
  for (const to of NOTICES.slice(6)) await queue(cast, to, 'notice', 'Your receipt');
  const { waiting } = (await lookAtQueue(cast)).classes.notice;
  sayOf(play, '8:06', `${waiting} receipts are in no hurry: they wait, and use up no attempt`);
  return took;
}

async function isDown(play: Play): Promise<boolean> {
  const mailgun = await standing(play);
  if (mailgun?.state !== 'down') return false;
  sayOf(play, 'Homing', 'takes Mailgun to be down, and tells the administrator');
  return true;
}

const standing = async ({ cast }: Play) =>
  (await lookAtQueue(cast)).providers.find(({ name }) => name === 'mailgun') ?? null;

/** Tells of each step until Mailgun has all mail again, and all mail has arrived. */
async function mailgunComesBack(play: Play): Promise<void> {
  await play.cast.mailgun.plug();
  sayOf(play, '8:20', 'Mailgun is back; Homing waits until it has looked normal for a while');
  let told = 0;
  await until(play, async () => {
    const mailgun = await standing(play);
    if (mailgun?.state === 'recovering' && mailgun.share !== told) {
      told = mailgun.share;
      sayOf(play, 'Homing', `gives it ${told} of 100 mails`);
    }
    return mailgun === null;
  });
  sayOf(play, 'Homing', 'gives it all mail again');
  await until(play, () => allArrived(play, NOTICES));
  sayOf(play, '', 'all receipts have arrived');
}

const allArrived = async ({ cast: { mailgun } }: Play, recipients: readonly string[]): Promise<boolean> =>
  recipients.every((one) => mailgun.copies(one) > 0);

async function tellAlerts(play: Play): Promise<void> {
  const { stage, cast, startedAt } = play;
  const subjects = () =>
    cast.sink.mails
      .filter(({ to }) => to.includes(ADMIN))
      .map(({ raw }) => /^Subject: (.*(?:\r\n[ \t].*)*)/im.exec(raw)?.[1]?.replace(/\r\n\s+/g, ' ') ?? '');
  await until(play, async () => subjects().some((subject) => subject.includes('is back')));
  for (const subject of subjects()) stage.say(`${since(startedAt)}  ${bold('Alert to the administrator:')} ${subject}`);
}

async function summarise(play: Play, took: Ms): Promise<boolean> {
  const { stage, cast, startedAt } = play;
  const [outage] = await outages(cast);
  if (!outage) return false;
  stage.say(
    `\n${bold('The outage as GET /api/outages tells of it')}  (${Math.round((Date.now() - startedAt) / SECOND)} s)\n`,
  );
  for (const line of (await pageOf(cast, outage.id)).trimEnd().split('\n')) stage.say(`    ${line}`.trimEnd());
  const ends: [string, boolean][] = [
    ['the reset left by the secondary within seconds, and once', took < SECONDS && copiesOf(play, RESET) === 1],
    ['every receipt arrived through Mailgun, once', [...EARLY, ...NOTICES].every((one) => copiesOf(play, one) === 1)],
    ['the outage has ended', outage.endedAt !== null],
  ];
  stage.say('');
  for (const [what, isSo] of ends)
    stage.say(`  ${isSo ? styleText('green', 'as told') : styleText('red', 'not so ')}  ${what}`);
  return ends.every(([, isSo]) => isSo);
}

/** How many mails somebody got, by whichever way. */
const copiesOf = ({ cast: { mailgun, sink } }: Play, recipient: string): number =>
  mailgun.copies(recipient) + sink.mails.filter(({ to }) => to.includes(recipient)).length;
