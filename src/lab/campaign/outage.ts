// Mail of all classes comes in while Mailgun is sick; what became of it.
import { sleep } from '../../base/wait.ts';
import type { MessageClass } from '../../core/message-class.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import type { Misbehaviour } from '../sim/misbehave.ts';
import type { SimRequest } from '../sim/world.ts';
import { type ApiDelivery, detail, list, open, settled, until } from './application.ts';
import { copiesOf } from './verdict.ts';
import { createWorld, DOMAIN, TOKEN, type World } from './world.ts';

/** What Mailgun does: is not there, hangs, cuts connections after it took a mail, refuses all, takes all and delivers nothing. */
export const SICKNESSES = ['unplugged', 'hangs', 'drops', 'errors', 'silent'] as const;
export type Sickness = (typeof SICKNESSES)[number];

export type OutagePlan = {
  messages: number;
  daemons: number;
  sickness: Sickness;
  /** How long it is sick, in which the messages come in. */
  lasts: Ms;
  patience: Ms;
  database?: string;
  env?: Record<string, string>;
  say?: (line: string) => void;
};

/** `waited` is from its acceptance by Homing to its first arrival anywhere; null when it never arrived. */
export type Fate = {
  recipient: string;
  class: MessageClass;
  state: string;
  copies: number;
  doubles: number;
  waited: Ms | null;
  /** When it came to Mailgun first, since it was well again. */
  drainedAt: Ms | null;
};

export type OutageOutcome = { fates: readonly Fate[]; noticedAfter: Ms | null };

/** Of ten mails. */
const MIX: readonly MessageClass[] = [
  ...(['access', 'notice', 'access', 'bulk', 'notice'] as const),
  ...(['access', 'notice', 'access', 'bulk', 'notice'] as const),
];
const WARMING = 30;
/** Settings as they are shipped, where the other plays shrink hours to seconds; but Mailgun's records are final at once. */
const AS_SHIPPED = {
  ...{ RETRY_BASE: '', RETRY_UNIT: '', RETRY_SPREAD: '', RETRY_PAUSE: '', EVENTS_SETTLE: '20s', SILENCE_AFTER: '' },
  ...{ DUE_POLL: '', ADOPT_AFTER: '', LEASE: '', ASK_PATIENCE: '', RETRY_HOPELESS_AFTER: '' },
  ...{ ENCRYPTION_KEY: 'c4'.repeat(32) },
};

export async function playOutage(plan: OutagePlan): Promise<OutageOutcome> {
  const mood = { isSilent: false };
  const world = await createWorld({
    ...(plan.database === undefined ? {} : { database: plan.database }),
    env: { ...AS_SHIPPED, ...plan.env },
    sim: { otherwise: () => (mood.isSilent ? 'silence' : 'deliver') },
  });
  try {
    for (let n = 0; n < plan.daemons; n++) await world.start();
    await sendEvenly(world, mixed('before', WARMING), 3 * SECOND);
    await settled(world.front.url);
    const { queued, healedAt, noticedAfter } = await whileSick(world, plan, mood);
    plan.say?.('Mailgun is well again; what waits has to end by itself');
    await allEnded(world, plan);
    return { fates: await fatesOf(world, queued, healedAt), noticedAfter };
  } finally {
    await world.close();
  }
}

/** What was taken and not delivered is waited for longer than anybody looks on. */
async function allEnded({ front }: World, { sickness, patience, say }: OutagePlan): Promise<void> {
  const enough = sickness === 'silent' ? 'accepted' : '';
  let toldAt = Date.now();
  const isOver = async () => {
    const left = await open(front.url);
    if (Date.now() - toldAt > TELL_EVERY) say?.(`still open: ${JSON.stringify(left)}`);
    if (Date.now() - toldAt > TELL_EVERY) toldAt = Date.now();
    return Object.keys(left).join() === enough;
  };
  await until('all mail to end', isOver, patience);
}

const TELL_EVERY: Ms = 20 * SECOND;

type Mood = { isSilent: boolean };

async function whileSick(world: World, plan: OutagePlan, mood: Mood) {
  const heal = await sicken(world, plan.sickness, mood);
  const sickAt = Date.now();
  let noticedAfter: Ms | null = null;
  const watching = until('the outage to be noticed', async () => (await standing(world)) === 'down', plan.lasts)
    .then(() => {
      noticedAfter = Date.now() - sickAt;
      plan.say?.(`it is taken to be down after ${(noticedAfter / SECOND).toFixed(1)} s`);
    })
    .catch(() => plan.say?.('it was never taken to be down'));
  const queued = await sendEvenly(world, mixed('during', plan.messages), plan.lasts);
  await watching;
  await sleep(Math.max(0, sickAt + plan.lasts - Date.now()));
  await heal();
  return { queued, healedAt: Date.now(), noticedAfter };
}

const isSend = ({ method, path }: SimRequest): boolean => method === 'POST' && /\/messages(\.mime)?$/.test(path);

const ANSWERS: Readonly<Partial<Record<Sickness, Misbehaviour>>> = {
  hangs: 'hang',
  drops: 'dropBeforeAnswer',
  errors: { status: 503 },
};

/** Resolves to what makes it well. */
async function sicken({ sim }: World, sickness: Sickness, mood: Mood): Promise<() => unknown> {
  if (sickness === 'unplugged') {
    await sim.unplug();
    return sim.plug;
  }
  if (sickness === 'silent') {
    mood.isSilent = true;
    return () => {
      mood.isSilent = false;
    };
  }
  return sim.misbehave(isSend, ANSWERS[sickness] ?? 'hang');
}

async function standing({ front }: World): Promise<string> {
  type Queue = { providers: { name: string; state: string }[] };
  const { providers } = (await (await api(front.url, '/api/queue')).json()) as Queue;
  return providers.find(({ name }) => name === 'mailgun')?.state ?? 'healthy';
}

const api = (url: string, path: string): Promise<Response> =>
  fetch(`${url}${path}`, { headers: { authorization: `Bearer ${TOKEN}`, connection: 'close' } });

type Mail = { recipient: string; class: MessageClass };
type Queued = Mail & { at: Ms };

/** At several recipient domains. */
const mixed = (name: string, count: number): Mail[] =>
  Array.from({ length: count }, (_, n) => ({
    recipient: `${name}-${n}@r${n % 7}.example`,
    class: MIX[n % MIX.length] ?? 'notice',
  }));

const CALLS = 8;

/** Hands them to Homing at a steady pace. */
async function sendEvenly({ front }: World, mails: readonly Mail[], length: Ms): Promise<Queued[]> {
  const began = Date.now();
  const waiting = mails.entries();
  const queued: Queued[] = [];
  const work = async () => {
    for (const [n, mail] of waiting) {
      await sleep(Math.max(0, began + (n * length) / mails.length - Date.now()));
      await queue(front.url, mail);
      queued.push({ ...mail, at: Date.now() });
    }
  };
  await Promise.all(Array.from({ length: CALLS }, work));
  return queued;
}

async function queue(url: string, { recipient, class: kind }: Mail): Promise<void> {
  const answer = await fetch(`${url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`api:${TOKEN}`)}`, connection: 'close' },
    body: new URLSearchParams({
      ...{ from: `team@${DOMAIN}`, to: recipient, subject: 'For you', text: 'Here it is.' },
      'v:homing-class': kind,
    }),
  });
  if (answer.status !== 200) throw new Error(`Homing answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

async function fatesOf(world: World, queued: readonly Queued[], healedAt: Ms): Promise<Fate[]> {
  const deliveries = new Map<string, ApiDelivery>();
  for (const { id } of await list(world.front.url))
    for (const delivery of (await detail(world.front.url, id)).deliveries) deliveries.set(delivery.recipient, delivery);
  const first = firstArrivals(world);
  const drained = new Map<string, Ms>();
  for (const { recipient, at } of world.sim.handovers) if (at >= healedAt) drained.set(recipient, at);
  return queued.map(({ recipient, class: kind, at }) => {
    const delivery = deliveries.get(recipient);
    const arrivedAt = first.get(recipient);
    return {
      ...{ recipient, class: kind, state: delivery?.state ?? 'lost', copies: copiesOf(world, recipient) },
      doubles: delivery?.attempts.filter((attempt) => attempt.possibleDouble !== null).length ?? 0,
      waited: arrivedAt === undefined ? null : arrivedAt - at,
      drainedAt: drained.get(recipient) ?? null,
    };
  });
}

/** When a copy was taken by somebody who delivers it. */
function firstArrivals({ sim, sink }: World): Map<string, Ms> {
  const first = new Map<string, Ms>();
  const note = (recipient: string, at: Ms) => first.set(recipient, Math.min(at, first.get(recipient) ?? at));
  for (const { recipient, at } of sim.handovers) if (sim.copies(recipient) > 0) note(recipient, at);
  for (const { to, at } of sink.mails) for (const recipient of to) note(recipient, at);
  return first;
}
