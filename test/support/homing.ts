import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Log } from '../../src/base/log.ts';
import { type Config, readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { pauseAfter } from '../../src/core/incident.ts';
import type { MessageClass } from '../../src/core/message-class.ts';
import { policyFor } from '../../src/core/policy.ts';
import { handedOver } from '../../src/core/sent.ts';
import { MINUTE, type Ms } from '../../src/core/time.ts';
import { faceOf } from '../../src/daemon/face.ts';
import { closeOutside, type Inside, insideOf } from '../../src/daemon/inside.ts';
import { createDispatcher, type Dispatcher } from '../../src/dispatch/dispatch.ts';
import { createApp } from '../../src/http/app.ts';
import { listen } from '../../src/http/server.ts';
import { digest } from '../../src/inbox/digest.ts';
import { publishTerms } from '../../src/intake/terms.ts';
import { fileTold } from '../../src/intake/told.ts';
import { type SimMailgun, type SimMailgunOptions, startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { type Sink, type SinkOptions, startSink } from '../../src/lab/sim/sink.ts';
import { domainsIn } from '../../src/providers/mailgun/settings.ts';
import { connectProviders, type OpenProvider } from '../../src/providers/registry/registry.ts';
import { type Asker, createAsker } from '../../src/reconcile/asker.ts';
import { learnRetention } from '../../src/reconcile/learn-retention.ts';
import { pollEvents } from '../../src/reconcile/poll.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { openIncidents, untold } from '../../src/store/incidents.ts';
import { rememberDomains } from '../../src/store/messages/domains.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { record } from '../../src/store/messages/messages.ts';
import { makeIdentity } from '../../src/store/notes/identity.ts';
import type { View } from '../../src/store/rows/rows.ts';
import { bundleAlerts, sendAlerts } from '../../src/tell/alert.ts';
import { alertDeps } from '../../src/tell/jobs.ts';
import { clockAt, type SetClock } from './clock.ts';

export const DOMAIN = 'mg.example.com';
export const ADMIN = 'admin@team.example';
const KEY = 'key-test';
export const SIGNING_KEY = 'signing-key-for-tests';

export type Options = {
  env?: Record<string, string>;
  sim?: Partial<SimMailgunOptions>;
  sink?: SinkOptions;
  /** Without a secondary there is nothing to fall back to, and alerts have nowhere to go. */
  secondary?: boolean;
  database?: string;
  /** Whether the API key may go to the host in storage URLs; true when it is not said. */
  trustStorage?: boolean;
  /** Changes of the configuration that no setting makes. */
  adjust?(config: Config): Config;
  /** Providers by the scheme of their URL. */
  schemes?: Readonly<Record<string, OpenProvider>>;
  /** Events are found by webhook alone unless this is set. */
  poll?: boolean;
};

export type Homing = {
  clock: SetClock;
  sim: SimMailgun;
  sink: Sink;
  store: Store;
  url: string;
  lines: string[];
  /** What the steps are called with. */
  inside: Inside;
  /** Records a message and sends it through the simulated Mailgun, as an application does. */
  send(recipient: string, more?: { class?: MessageClass; record?: 'before' | 'never' | 'lost' }): Promise<string>;
  /** Takes one step with what is due, and waits for what that began. */
  dispatch(): Promise<number>;
  /** The same two, without waiting for what they begin. */
  dispatcher: Dispatcher;
  asker: Asker;
  ask(): Promise<number>;
  /** Does all that is due now. */
  settle(): Promise<void>;
  /** Moves the clock from one due time to the next until nothing is due any more, or that moment is reached. */
  play(until?: Ms): Promise<void>;
  views(id: string): Promise<View[]>;
  alerts(): { subject: string; text: string }[];
};

/** Everything but the loops: the real steps on a clock that the test sets, against a simulated Mailgun and a mail sink. */
export async function startByHand(t: TestContext, options: Options = {}): Promise<Homing> {
  const clock = clockAt();
  // Events that bear the very millisecond of the call are nothing that a real clock shows.
  const quirks = { deliveryLatency: 800, webhookLatency: 200, ...options.sim?.quirks };
  const sim = await startSimMailgun({
    apiKey: KEY,
    signingKey: SIGNING_KEY,
    domains: [DOMAIN],
    clock,
    ...options.sim,
    quirks,
  });
  const sink = await startSink({ clock, ...options.sink });
  const config = readConfig(environment(sim, sink, options), 'daemon');
  const store = openStore(config.DATABASE_URL);
  await migrate(store.db);
  await makeIdentity(store, clock());
  await rememberDomains(store, domainsIn(config));
  await publishTerms(store, { ...settingsOf(config), domains: domainsIn(config) }, clock());
  const lines: string[] = [];
  const stopping = new AbortController();
  const configured = options.adjust?.(config) ?? config;
  const inside = insideOf({
    store,
    config: configured,
    now: clock,
    monotonic: clock,
    signal: stopping.signal,
    log: logInto(lines),
    wake: () => {},
    ...(options.schemes
      ? { providers: connectProviders(configured, { now: clock, monotonic: clock }, options.schemes) }
      : {}),
  });
  const server = await listen(createApp(faceOf({ ...inside, onKept: () => {}, onRefused: () => {} })), {
    host: '127.0.0.1',
    port: 0,
    monotonic: inside.monotonic,
  });
  const url = `http://127.0.0.1:${server.port}`;
  sim.setWebhook(`${url}/webhooks/mailgun`);
  const dispatcher = createDispatcher({ ...inside, onFree: () => {} });
  const asker = createAsker({ ...inside, onAnswer: () => {} });
  t.after(async () => {
    stopping.abort();
    await server.close(1000);
    // What hangs ends with the connection.
    await Promise.all([sim.close(), sink.close()]);
    await Promise.all([dispatcher.idle(), asker.idle()]);
    await closeOutside(inside);
    await store.close();
  });
  const dispatch = async () => {
    const looked = await dispatcher.run();
    await dispatcher.idle();
    return looked;
  };
  const ask = async () => {
    const asked = await asker.run();
    await asker.idle();
    return asked;
  };
  const alert = alertDeps(inside);

  const settle = async () => {
    for (let round = 0; ; round++) {
      if (round > 200) throw new Error(`something is due without end at ${new Date(clock()).toISOString()}`);
      await sim.runDue();
      const polled = options.poll ? await pollEvents(inside) : 0;
      const done = (await fileTold(inside)) + (await digest(inside)) + (await dispatch()) + (await ask());
      const told = (await bundleAlerts(alert)) + (await sendAlerts(alert));
      if (polled + done + told === 0) return;
    }
  };
  return {
    clock,
    inside,
    dispatcher,
    asker,
    dispatch,
    ask,
    sim,
    sink,
    store,
    url,
    lines,
    settle,
    send: (recipient, more = {}) => sendOne({ clock, sim, store, settings: inside.settings }, recipient, more),
    async play(until = Number.POSITIVE_INFINITY) {
      const retention = inside.providers.all[0]?.account?.retention ?? (async () => null);
      await learnRetention({ store, retention, now: clock, log: logInto(lines) });
      for (;;) {
        await settle();
        const tick = options.poll ? clock() + MINUTE : Number.POSITIVE_INFINITY;
        const next = Math.min(...(await dueTimes(store, alert)), sim.nextDueAt() ?? Number.POSITIVE_INFINITY, tick);
        if (next > until || next === Number.POSITIVE_INFINITY) break;
        clock.set(Math.max(next, clock() + 1));
      }
      if (until !== Number.POSITIVE_INFINITY) clock.set(until);
    },
    views: async (id) => (await findMessage(store, id))?.views ?? [],
    alerts: () =>
      sink.mails
        .filter((m) => m.to.includes(ADMIN))
        .map(({ raw }) => ({ subject: headerOf(raw, 'Subject'), text: raw })),
  };
}

/** The application hands a mail to us instead of Mailgun. */
export async function queueMail(
  { url, store }: Pick<Homing, 'url' | 'store'>,
  to: string,
  options: Record<string, string> = {},
  domain = DOMAIN,
): Promise<string> {
  const response = await fetch(`${url}/v3/${domain}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('api:token').toString('base64')}` },
    body: new URLSearchParams({ from: `team@${domain}`, to, subject: 'Hi', text: 'Hi', ...options }),
  });
  assert.equal(response.status, 200);
  const { id } = (await response.json()) as { id: string };
  return (
    await store
      .db('messages')
      .where({ message_id: id.slice(1, -1) })
      .first('id')
  ).id;
}

/** The one delivery of a message. */
export async function only(homing: Homing, id: string): Promise<View> {
  const [view] = await homing.views(id);
  assert.ok(view);
  return view;
}

const environment = (sim: SimMailgun, sink: Sink, options: Options): Record<string, string> => ({
  DATABASE_URL: options.database ?? 'sqlite::memory:',
  MAILGUN_API_KEY: KEY,
  MAILGUN_DOMAIN: DOMAIN,
  MAILGUN_API_URL: sim.url,
  MAILGUN_WEBHOOK_SIGNING_KEY: SIGNING_KEY,
  MAILGUN_STORAGE_HOSTS: [sim.url, ...(options.trustStorage === false ? [] : [sim.storageOrigin])]
    .map(hostOf)
    .join(','),
  ...(options.secondary === false ? {} : { SECONDARY_SMTP_URL: sink.url }),
  ADMIN_EMAILS: ADMIN,
  API_TOKENS: 'token',
  RETRY_SPREAD: '0',
  ...options.env,
});

const hostOf = (url: string): string => new URL(url).host;

type Parts = Pick<Inside, 'store' | 'settings'> & { clock: SetClock; sim: SimMailgun };

async function sendOne(
  { clock, sim, store, settings }: Parts,
  recipient: string,
  more: Parameters<Homing['send']>[1] = {},
): Promise<string> {
  const messageId = `${Math.random().toString(36).slice(2)}@${DOMAIN}`;
  const kind = more.class ?? 'notice';
  const draft = {
    messageId,
    domain: DOMAIN,
    from: `team@${DOMAIN}`,
    subject: 'Hello',
    class: kind,
    key: null,
    origin: 'recorded' as const,
    policy: policyFor(kind, settings.policies),
    recipients: [recipient],
    createdAt: clock(),
  };
  const [claimed] = handedOver(clock(), messageId, 'mailgun');
  const sending = claimed?.kind === 'claimed' ? [{ ...claimed, leaseUntil: clock() + settings.lease }] : [];
  const id = more.record === 'never' ? '' : (await record(store, { ...draft, facts: sending }, clock())).id;
  const form = new URLSearchParams({
    from: draft.from,
    to: recipient,
    subject: 'Hello',
    text: 'Hi',
    'h:Message-Id': `<${messageId}>`,
  });
  if (id) form.set('v:homing-id', id);
  const response = await fetch(`${sim.url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`api:${KEY}`).toString('base64')}` },
    body: form,
  }).catch(() => null);
  await response?.arrayBuffer();
  if (more.record === undefined && response?.ok)
    await record(store, { ...draft, facts: handedOver(clock(), messageId, 'mailgun') }, clock());
  return id || messageId;
}

/** When something of ours falls due next. */
async function dueTimes(store: Store, alert: Pacing): Promise<Ms[]> {
  const { db } = store;
  const least = async (table: string, column: string, open: Record<string, unknown>): Promise<Ms | null> => {
    const row: Record<string, Ms> | undefined = await db(table).where(open).orderBy(column).first(column);
    return row?.[column] ?? null;
  };
  const times = [
    await least('due', 'at', {}),
    await leastQuestion(store),
    await least('inbox', 'due_at', { pending: 1 }),
    await least('alerts', 'due_at', { pending: 1 }),
    ...(await alertTimes(store, alert)),
  ];
  return times.filter((at) => at !== null);
}

type Pacing = { group: Ms; repeat: Ms };

/** An incident that grows is told of when it is quiet, and not so soon again. */
async function alertTimes(store: Store, { group, repeat }: Pacing): Promise<Ms[]> {
  const times: Ms[] = [];
  const open = new Map((await openIncidents(store)).map((one) => [one.name, one]));
  for (const [name, { since, latest }] of await untold(store, 100)) {
    const incident = open.get(name);
    const next = incident ? incident.toldAt + pauseAfter(incident.told, repeat) : Number.NEGATIVE_INFINITY;
    times.push(Math.max(Math.min(latest + group, since + 5 * group), next));
  }
  return times;
}

async function leastQuestion({ db }: Store): Promise<Ms | null> {
  const row: { ask_at: Ms } | undefined = await db('due').whereNotNull('ask_at').orderBy('ask_at').first('ask_at');
  return row?.ask_at ?? null;
}

const headerOf = (raw: string, name: string): string =>
  new RegExp(`^${name}: (.*(?:\\r?\\n[ \\t].*)*)`, 'im').exec(raw)?.[1] ?? '';

export function logInto(lines: string[]): Log {
  const line = (...parts: unknown[]) => void lines.push(JSON.stringify(parts));
  return { debug: line, info: line, warn: line, error: line } as unknown as Log;
}
