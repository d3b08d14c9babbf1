import { openStore } from '../../store/db/open.ts';
import { untold } from '../../store/incidents.ts';
import { forgotten } from '../../store/inspect.ts';
import type { ApiDelivery, ApiFact, ApiMessage, Recorded } from './application.ts';
import { detail, list, open, until } from './application.ts';
import { fateOf } from './mix.ts';
import { ADMIN, API_KEY, type World } from './world.ts';

/** Everything that does not hold, in words; empty when all is well. */
export async function verdict(
  world: World,
  recorded: readonly Recorded[],
): Promise<{ problems: string[]; doubles: number }> {
  const { url } = world.front;
  const listed = new Map((await list(url)).map((m) => [m.id, m]));
  const problems = recorded.filter(({ id }) => !listed.has(id)).map(({ id }) => `message ${id} is lost`);
  const messages: ApiMessage[] = [];
  for (const { id } of recorded) if (listed.has(id)) messages.push(await detail(url, id));
  for (const message of messages) problems.push(...aboutMessage(world, message));
  problems.push(...(await aboutWebhooks(world)), ...(await aboutAlerts(world, messages)), ...aboutSecrets(world));
  const doubles = messages.flatMap((m) => m.deliveries).reduce((sum, d) => sum + doublesOf(d), 0);
  return { problems, doubles };
}

function aboutMessage(world: World, { id, deliveries }: ApiMessage): string[] {
  const [delivery] = deliveries;
  if (!delivery || deliveries.length > 1) return [`message ${id} has ${deliveries.length} deliveries`];
  const { recipient, state, reason, facts } = delivery;
  const { ends } = fateOf(recipient);
  // Why is not to be seen any more when the play is over.
  const story = facts.map((f) => JSON.stringify(f)).join('\n  ');
  const wrong = state === ends ? [] : [`${recipient} is ${state} (${reason}) instead of ${ends}:\n  ${story}`];
  return [...wrong, ...aboutCopies(world, delivery), ...aboutAttempts(delivery)].map((p) => `${id}: ${p}`);
}

export const copiesOf = ({ sim, sink }: World, recipient: string): number =>
  sim.copies(recipient) + sink.mails.filter((m) => m.to.includes(recipient)).length;

const doublesOf = (delivery: ApiDelivery): number => delivery.attempts.filter((a) => a.possibleDouble !== null).length;

/** One copy, and one more for each attempt that is written down as a possible double. */
function aboutCopies(world: World, delivery: ApiDelivery): string[] {
  const copies = copiesOf(world, delivery.recipient);
  const allowed = 1 + doublesOf(delivery);
  const arrived = ['delivered', 'relayed'].includes(delivery.state);
  if (copies > allowed) return [`${delivery.recipient} got ${copies} copies, and the facts say ${allowed} at most`];
  return arrived && copies === 0 ? [`${delivery.recipient} is ${delivery.state} and got nothing`] : [];
}

/** Between two hand-overs there is a reason for the second: a failure, a refusal, or a look at the provider's records. */
function aboutAttempts({ recipient, facts }: ApiDelivery): string[] {
  const claims = facts.filter((f) => f.kind === 'claimed');
  return claims.slice(1).flatMap((claim, n) => {
    const before = claims[n];
    const between = facts.filter((f) => before && f.at >= before.at && f.at <= claim.at && isReason(f, before));
    return between.length > 0 ? [] : [`${recipient}: attempt ${claim.attempt} was made for no reason`];
  });
}

function isReason(fact: ApiFact, before: ApiFact): boolean {
  if (fact.kind === 'reported') return fact.report === 'failed' || fact.report === 'rejected';
  return fact.attempt === before.attempt && (fact.kind === 'refused' || fact.kind === 'asked');
}

/** Whether all has ended and nothing is left to be told: an alert is sent after its deliveries have ended. */
export async function allTold({ database, front }: World): Promise<boolean> {
  if (Object.keys(await open(front.url)).length > 0) return false;
  const store = openStore(database);
  try {
    const pending = await store.db('alerts').where({ pending: 1 }).first('id');
    return pending === undefined && (await untold(store, 1)).size === 0;
  } finally {
    await store.close();
  }
}

/** What was answered with 200 is in the inbox and understood, and nothing is left that nobody will do. */
async function aboutWebhooks({ sim, database }: World): Promise<string[]> {
  // What is posted again may still come in, when all has ended by what was asked for.
  const acknowledged = sim.webhooks.filter(({ answer }) => answer === 200);
  const store = openStore(database);
  try {
    const isRead = async () => (await store.db('inbox').where({ pending: 1 }).first('id')) === undefined;
    // What is not read then is told of below.
    await until('all that came in to be read', isRead).catch(() => {});
    const rows: { outcome: string; body: string }[] = await store.db('inbox').select('outcome', 'body');
    const kept = new Map(rows.flatMap((r) => signatureIn(r.body).map((signature) => [signature, r.outcome] as const)));
    const lost = acknowledged.flatMap(({ body, event, at, attempt }) => {
      const outcome = kept.get(signatureIn(body)[0] ?? '') ?? 'lost';
      const posted = `webhook ${event.event} for ${event.recipient} (try ${attempt}, ${new Date(at).toISOString()})`;
      return outcome === 'done' ? [] : [`${posted} was acknowledged and is ${outcome}`];
    });
    const idle = (await forgotten(store, 100)).map((id) => `delivery ${id} is open and nobody will act on it`);
    const rest = await store.db('due').select('delivery_id');
    return [...lost, ...idle, ...rest.map((r: { delivery_id: string }) => `delivery ${r.delivery_id} is still due`)];
  } finally {
    await store.close();
  }
}

/** What was told or polled has none. */
function signatureIn(body: string): string[] {
  const { signature } = JSON.parse(body) as { signature?: { signature: string } };
  return signature ? [signature.signature] : [];
}

export type AlertMail = { messageId: string; kind: string; ids: string[] };

/** The alerts that reached the administrator; one that came twice under one Message-ID counts once. */
function alertsIn({ sink }: World): AlertMail[] {
  const mails = sink.mails.filter((m) => m.to.includes(ADMIN)).map(({ raw }) => alertFrom(raw));
  return [...new Map(mails.map((m) => [m.messageId, m])).values()];
}

function alertFrom(raw: string): AlertMail {
  const [head = '', ...body] = raw.split('\r\n\r\n');
  const header = (name: string) =>
    new RegExp(`^${name}: (.*)$`, 'im').exec(head.replace(/\r\n[ \t]+/g, ' '))?.[1] ?? '';
  const subject = header('Subject');
  const kinds = { given_up: /given up/, saved: /secondary provider \(/, expired: /useful life/ };
  const kind = Object.entries(kinds).find(([, words]) => words.test(subject))?.[0] ?? subject;
  const ids = [...body.join('\n').matchAll(/homing explain ([0-9A-Z]{26})/g)].map((m) => m[1] ?? '');
  return { messageId: header('Message-ID'), kind, ids };
}

const ALERTED = { abandoned: 'given_up', relayed: 'saved', expired: 'expired' };
const KINDS = { gave_up: 'given_up', saved: 'saved', expired: 'expired' };

/** How much the alerts that arrived are about, by their kind. An alert that goes on, or is the last, tells of more than its subject. */
async function toldBy({ database }: World, alerts: readonly AlertMail[]): Promise<Map<string, number>> {
  const arrived = alerts.map(({ messageId }) => /[0-9A-Z]{26}/.exec(messageId)?.[0] ?? '');
  const store = openStore(database);
  try {
    const items: { kind: keyof typeof KINDS; n: number }[] = await store
      .db('alert_items')
      .whereIn('alert_id', arrived)
      .groupBy('kind')
      .select('kind')
      .count({ n: '*' });
    return new Map(items.map(({ kind, n }) => [KINDS[kind], Number(n)]));
  } finally {
    await store.close();
  }
}

async function aboutAlerts(world: World, messages: readonly ApiMessage[]): Promise<string[]> {
  const alerts = alertsIn(world);
  const toldOf = await toldBy(world, alerts);
  const ends = messages.flatMap((m) => m.deliveries.map((d) => d.state));
  const counts = Object.entries(ALERTED).flatMap(([state, kind]) => {
    const told = toldOf.get(kind) ?? 0;
    const right = ends.filter((s) => s === state).length;
    return told === right ? [] : [`${right} deliveries are ${state}, and the alerts tell of ${told}`];
  });
  const ids = alerts.flatMap((a) => a.ids);
  const twice = new Set(ids.filter((id, n) => ids.indexOf(id) !== n));
  const strange = alerts.filter((a) => !Object.values(ALERTED).includes(a.kind)).map((a) => `an alert says: ${a.kind}`);
  return [...counts, ...strange, ...[...twice].map((id) => `message ${id} is in two alerts`)];
}

/** The API key leaves in requests to Mailgun and nowhere else. */
export function aboutSecrets({ daemons, sink }: World): string[] {
  const told = [...daemons.flatMap((d) => d.lines), ...sink.mails.map((m) => m.raw)];
  const forms = [API_KEY, Buffer.from(`api:${API_KEY}`).toString('base64')];
  return told.filter((text) => forms.some((f) => text.includes(f))).map((t) => `the API key is in: ${t.slice(0, 80)}`);
}
