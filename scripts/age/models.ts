// One delivery of each class and fate, brought about by what a daemon does: the history is copied from these.
import type { Fact } from '../../src/core/delivery.ts';
import { CLASSES, type MessageClass } from '../../src/core/message-class.ts';
import { type Ms, SECOND } from '../../src/core/time.ts';
import { digest } from '../../src/inbox/digest.ts';
import type { Store } from '../../src/store/db/open.ts';
import { keep } from '../../src/store/inbox/inbox.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { arrivalOf, DOMAIN, digesting, recordMail } from '../bench/events.ts';

export type Model = { class: MessageClass; fate: string; message: string; delivery: string };

const ended = (at: Ms, state: 'abandoned' | 'expired' | 'cancelled'): Fact => ({
  ...{ key: 'ended:0', at, kind: 'ended', attempt: 1, round: 0, state },
  reason: state === 'cancelled' ? 'by_application' : state === 'expired' ? 'useful_life_over' : 'storage_gone',
});

const relayed = (at: Ms): Fact[] => [
  {
    ...{
      key: 'claimed:2',
      at,
      kind: 'claimed',
      attempt: 2,
      provider: 'smtp.example:25',
      role: 'fallback',
      way: 'whole',
    },
    ...{ leaseUntil: at, lease: null, since: null, deliverAt: null, double: null },
  },
  { key: 'accepted:2', at, kind: 'accepted', attempt: 2, messageId: null, tracked: false, detail: '250 ok' },
];

const BOUNCE = {
  ...{ event: 'failed', severity: 'permanent', reason: 'bounce' },
  'delivery-status': { code: 550, 'enhanced-code': '5.1.1', message: '5.1.1 The email account does not exist' },
};

/** How a delivery comes to its end: by an event, or by what the daemon itself finds. */
const FATES: Record<string, { event: object } | { facts: (at: Ms) => Fact[] }> = {
  delivered: { event: {} },
  failed: { event: BOUNCE },
  relayed: { facts: relayed },
  abandoned: { facts: (at) => [ended(at, 'abandoned')] },
  expired: { facts: (at) => [ended(at, 'expired')] },
  cancelled: { facts: (at) => [ended(at, 'cancelled')] },
};

export async function createModels(store: Store, at: Ms): Promise<Model[]> {
  const models: Model[] = [];
  for (const name of CLASSES) {
    for (const fate of Object.keys(FATES)) models.push(await createModel(store, name, fate, at));
  }
  return models;
}

async function createModel(store: Store, name: MessageClass, fate: string, at: Ms): Promise<Model> {
  const recipient = `${fate}-${name}@company.example`;
  const messageId = `model-${fate}-${name}@${DOMAIN}`;
  const message = await recordMail(store, { messageId, class: name, recipients: [recipient], at });
  const [delivery = ''] = await store.db('deliveries').where({ message_id: message }).pluck('id');
  const how = FATES[fate];
  if (how && 'facts' in how) await change(store, [delivery], at, () => how.facts(at + SECOND));
  if (how && 'event' in how) {
    const told = { name: message, id: message, messageId, recipient, at: at + SECOND, more: how.event };
    await keep(store, [arrivalOf(told)]);
    await digest(digesting(store, () => at + 2 * SECOND));
  }
  const row = await store.db('deliveries').where({ id: delivery }).first('state', 'ended_at');
  if (row?.state !== fate || row.ended_at === null) throw new Error(`a model is ${row?.state}, not ${fate}`);
  return { class: name, fate, message, delivery };
}

/** So many deliveries in a row have all fates and classes in the shares in which they occur. */
export const SLOTS = 2000;

/** Of twenty deliveries in a row nine are notices, six access mail and five bulk; of a hundred twenties 93 arrive at once. */
export function modelAt(models: readonly Model[], slot: number): Model {
  const [one, twenty] = [slot % 20, Math.floor(slot / 20)];
  const name = one < 9 ? 'notice' : one < 15 ? 'access' : 'bulk';
  const fate =
    twenty < 93 ? 'delivered' : twenty < 96 ? 'failed' : ['relayed', 'abandoned', 'expired', 'cancelled'][twenty - 96];
  const model = models.find((m) => m.class === name && m.fate === fate);
  if (!model) throw new Error(`there is no model of ${fate} ${name}`);
  return model;
}
