// All that a provider has to supply, for one that nobody knows.
import { timingSafeEqual } from 'node:crypto';
import type { Deadline } from '../../../src/base/deadline.ts';
import type { Answer } from '../../../src/core/answer.ts';
import type { Report, Sighting } from '../../../src/core/sighting.ts';
import type { Kept, Opened, OpenedEvent, Outgoing, Provider, RawItem } from '../../../src/providers/provider.ts';
import { sighting } from '../factory.ts';
import { sign, type ToyEvent } from './server.ts';

export const TOY_DOMAIN = 'toy.example';
export const TOY_SECRET = 'secret-of-the-toy';

const REPORTS: Record<ToyEvent['what'], Report> = { taken: 'accepted', arrived: 'delivered', bounced: 'failed' };

/** `toy://host:port` */
export function openToy(url: string): Provider {
  const api = url.replace(/^toy:/, 'http:');
  return {
    name: 'toy',
    can: { track: true, lookUp: true, storeCopy: false, schedule: false, forms: false },
    slots: 2,
    handOver: (mail, until) => send(api, mail, until),
    webhook: {
      path: '/webhooks/toy',

      open: ({ raw, headers }) => open(raw, headers['x-toy-signature']),
    },
    read: ({ body }) => sightingOf(JSON.parse(body) as ToyEvent),
    history: {
      domains: [TOY_DOMAIN],
      ids: 'own',
      keeps: Number.POSITIVE_INFINITY,
      about: async (_domain, { messageId }) => ({ items: await items(api, messageId), complete: true }),
      aboutRecipient: async (_domain, recipient) => {
        const all = await items(api, null);
        return { items: all.filter((item) => item.sighting.recipient === recipient), complete: true };
      },
      between: async (_domain, { begin, end, limit }, cursor) => {
        const all = (await items(api, null)).filter(({ sighting: { at } }) => at >= begin && at < end);
        const from = Number(cursor ?? 0);
        const next = from + limit < all.length ? String(from + limit) : null;
        return { items: all.slice(from, from + limit), next };
      },
      keep: ({ body, sighting }) => keptOf(body as ToyEvent, sighting),
    },
    close: async () => {},
  };
}

async function send(api: string, { content, recipient, messageId }: Outgoing, until: Deadline): Promise<Answer> {
  if (!('mime' in content)) return { kind: 'refused', why: 'invalid', detail: 'only ready messages are taken' };
  if (until.signal.aborted) return { kind: 'refused', why: 'busy', detail: 'there is no time for it' };
  const mail = { ours: messageId, to: recipient, mime: content.mime.toString('base64') };
  try {
    const response = await fetch(`${api}/send`, { method: 'POST', body: JSON.stringify(mail), signal: until.signal });
    if (response.status === 429) return { kind: 'refused', why: 'busy', detail: '429' };
    if (!response.ok) return { kind: 'refused', why: 'permanent', detail: String(response.status) };
    const { id } = (await response.json()) as { id: string };
    return { kind: 'accepted', messageId: id, detail: '200' };
  } catch (error) {
    const code = String((error as { cause?: { code?: unknown } }).cause?.code);
    if (code === 'ECONNREFUSED') return { kind: 'refused', why: 'busy', detail: code };
    return { kind: 'unanswered', detail: code };
  }
}

function open(raw: Buffer, signature: string | string[] | undefined): Opened {
  const given = Buffer.from(String(signature));
  const wanted = Buffer.from(sign(raw.toString(), TOY_SECRET));
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    return { kind: 'forged', detail: 'the signature is wrong' };
  const list: unknown = JSON.parse(raw.toString());
  if (!Array.isArray(list)) return { kind: 'unusable', detail: 'it is no list' };
  return { kind: 'events', events: (list as ToyEvent[]).map((event) => openedOf(event)) };
}

const openedOf = (event: ToyEvent): OpenedEvent => ({
  ...keptOf(event, sightingOf(event)),
  sighting: sightingOf(event),
});

const keptOf = (event: ToyEvent, { eventKey }: Sighting): Kept => ({
  replayKey: eventKey,
  contentType: 'application/json',
  body: JSON.stringify(event),
});

async function items(api: string, ours: string | null): Promise<RawItem[]> {
  const response = await fetch(`${api}/events`);
  const all = (await response.json()) as ToyEvent[];
  return all.filter((e) => ours === null || e.id === ours).map((body) => ({ body, sighting: sightingOf(body) }));
}

const sightingOf = (event: ToyEvent): Sighting =>
  sighting({
    report: REPORTS[event.what],
    event: event.what,
    at: event.at,
    eventKey: `toy-${event.n}`,
    domain: null,
    recipient: event.to,
    messageId: event.id,
    homingId: event.ours,
    bounce: event.what === 'bounced' ? BOUNCE : null,
  });

const BOUNCE = {
  code: 550,
  enhancedCode: '5.1.1',
  message: 'no such user here',
  description: null,
  severity: 'permanent' as const,
  reason: null,
  bounceType: null,
  mxHost: null,
  delayed: false,
};
