import type { Server } from 'node:http';
import type { Ms } from '../../core/time.ts';
import { storageUrl } from './event-parts.ts';
import type { Outcome } from './fates.ts';
import { type Listening, listenOnLoopback } from './listen.ts';
import { createMisbehaviours, type Misbehaviour } from './misbehave.ts';
import { simServer } from './server.ts';
import {
  type Copy,
  createWorld,
  type EventData,
  type HandOver,
  type Quirks,
  type SimRequest,
  type StoredMessage,
  type Suppression,
  type SuppressionList,
  suppressionsOf,
  type WebhookPost,
  type World,
  type WorldOptions,
} from './world.ts';

export type SimMailgunOptions = WorldOptions & {
  port?: number;
  /** The host in storage URLs (default 127.0.0.1), for instance one that is not to be trusted. */
  storageHost?: string;
  /** A port of its own for storage, so that the storage host can refuse while the API base works. */
  storagePort?: 'shared' | 'own';
};

export type SimMailgun = {
  /** The API base, without a slash at the end. */
  url: string;
  /** The origin of storage URLs. */
  storageOrigin: string;
  /** What a daemon has to be told to take this for Mailgun. */
  environment: Readonly<Record<string, string>>;
  quirks: Quirks;
  setWebhook: (url: string | null) => void;
  /** One outcome per hand-over of that recipient, the last repeating; without a script it is delivered. */
  fate: (recipient: string, script: Outcome | Outcome[]) => void;
  misbehave: (match: (request: SimRequest) => boolean, how: Misbehaviour, times?: number) => () => void;
  /** Performs what is due by then (default: now) and waits until it is done, webhooks included. */
  runDue: (now?: Ms) => Promise<void>;
  /** When something next falls due: where to set the clock to. */
  nextDueAt: () => Ms | null;
  /** Connections are refused until `plug`; what was taken is delivered all the same. */
  unplug: () => Promise<void>;
  plug: () => Promise<void>;

  requests: readonly SimRequest[];
  handovers: readonly HandOver[];
  webhooks: readonly WebhookPost[];
  /** Every event, visible to the APIs yet or not. */
  events: () => EventData[];
  /** How many mails that recipient really got. */
  copies: (recipient: string) => number;
  inboxOf: (recipient: string) => Copy[];
  /** What anybody got, in the order in which it came. */
  inboxes: readonly Copy[];
  stored: (key: string) => StoredMessage | null;
  storageUrl: (key: string) => string;
  suppressed: (domain: string, list: SuppressionList) => Suppression[];
  close: () => Promise<void>;
};

/** A Mailgun on loopback that keeps to what is known of the real one; where nothing is known there is a quirk. */
export async function startSimMailgun(options: SimMailgunOptions): Promise<SimMailgun> {
  const world = createWorld(options);
  const misbehaviours = createMisbehaviours();
  const plugs = await plugIn(() => simServer(world, misbehaviours), options);
  world.apiOrigin = `http://127.0.0.1:${plugs.apiPort}`;
  world.storageOrigin = `http://${options.storageHost ?? '127.0.0.1'}:${plugs.storagePort}`;
  return {
    ...truthOf(world),
    url: world.apiOrigin,
    storageOrigin: world.storageOrigin,
    environment: environmentOf(world),
    quirks: world.quirks,
    setWebhook: (url) => {
      world.webhookUrl = url;
    },
    fate: world.fates.set,
    misbehave: misbehaviours.add,
    runDue: world.agenda.runDue,
    nextDueAt: world.agenda.nextAt,
    unplug: plugs.unplug,
    plug: plugs.plug,
    close: async () => {
      world.agenda.stop();
      await plugs.unplug();
    },
  };
}

type Plugs = { apiPort: number; storagePort: number } & Pick<SimMailgun, 'plug' | 'unplug'>;

/** Listens where the API is, and where storage is; after a break on the same ports again. */
async function plugIn(serve: () => Server, { port = 0, storagePort }: SimMailgunOptions): Promise<Plugs> {
  const listen = (at: number): Promise<Listening> => listenOnLoopback(serve(), at);
  const api = await listen(port);
  const storage = storagePort === 'own' ? await listen(0) : api;
  let listening = [...new Set([api, storage])];
  const ports = listening.map((one) => one.port);
  return {
    apiPort: api.port,
    storagePort: storage.port,
    unplug: async () => {
      const closing = listening;
      listening = [];
      await Promise.all(closing.map((one) => one.close()));
    },
    plug: async () => {
      if (listening.length === 0) listening = await Promise.all(ports.map(listen));
    },
  };
}

function environmentOf({ options, apiOrigin, storageOrigin }: World): Record<string, string> {
  return {
    MAILGUN_API_KEY: options.apiKey,
    MAILGUN_DOMAIN: options.domains.join(','),
    MAILGUN_API_URL: apiOrigin,
    MAILGUN_WEBHOOK_SIGNING_KEY: options.signingKey,
    MAILGUN_STORAGE_HOSTS: new URL(storageOrigin).host,
  };
}

type Truth = Pick<
  SimMailgun,
  | 'requests'
  | 'handovers'
  | 'webhooks'
  | 'events'
  | 'copies'
  | 'inboxOf'
  | 'inboxes'
  | 'stored'
  | 'storageUrl'
  | 'suppressed'
>;

/** What a test may look at and no caller of the API can. */
function truthOf(world: World): Truth {
  const inboxOf = (recipient: string): Copy[] =>
    world.copies.filter((copy) => copy.recipient.toLowerCase() === recipient.toLowerCase());
  return {
    requests: world.requests,
    handovers: world.handovers,
    webhooks: world.webhooks,
    events: () => world.events.map(({ event }) => event),
    copies: (recipient) => inboxOf(recipient).length,
    inboxOf,
    inboxes: world.copies,
    stored: (key) => world.stored.get(key) ?? null,
    storageUrl: (key) => {
      const message = world.stored.get(key);
      if (message === undefined) throw new Error('no message is stored under that key');
      return storageUrl(world, message);
    },
    suppressed: (domain, list) => [...suppressionsOf(world, domain, list).values()],
  };
}
