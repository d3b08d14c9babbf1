import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../base/log.ts';
import { readConfig } from '../../config/config.ts';
import type { Clock } from '../../core/time.ts';
import { startDaemon } from '../../daemon/daemon.ts';
import { type SimMailgun, startSimMailgun } from '../../lab/sim/mailgun.ts';
import { type Sink, startSink } from '../../lab/sim/sink.ts';
import { DEMO_DOMAIN, environmentFor } from './environment.ts';
import { type FaultProxy, startFaultProxy } from './proxy.ts';
import type { DrillPlan, Insert } from './stage.ts';

/** Who plays: a real daemon of its own on a database of its own, between the provider with its fault and a secondary. */
export type Cast = {
  proxy: FaultProxy;
  sink: Sink;
  /** Null where the provider is the real one. */
  sim: SimMailgun | null;
  domain: string;
  /** Null where anybody will do. */
  recipients: readonly string[] | null;
  /** Where the daemon answers, and where those ask who judge it. */
  url: string;
  judgedAt: string;
  token: string;
};

/** Starts everybody for as long as the drill takes, and leaves nothing behind. */
export async function withCast<T>(plan: DrillPlan, now: Clock, play: (cast: Cast) => Promise<T>): Promise<T> {
  const ending: (() => Promise<unknown>)[] = [];
  const opened = <S extends { close(): Promise<unknown> }>(one: S): S => {
    ending.push(() => one.close());
    return one;
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'homing-drill-'));
    ending.push(() => rm(folder, { recursive: true, force: true }));
    const sim = plan.place.kind === 'demo' ? opened(await startSim()) : null;
    const sink = opened(await startSink());
    const upstream = sim ? sim.url : upstreamOf(plan);
    const proxy = opened(
      await startFaultProxy({
        ...proxyOptions(plan, now),
        upstream: await insert(upstream, plan.inserts?.primary, opened),
      }),
    );
    const token = randomBytes(16).toString('hex');
    const env = environmentFor(plan, { folder, sim, sink, proxy, token });
    const daemon = await startDaemon(readConfig(env, 'daemon'), createLog('error', 'pretty', process.stderr));
    ending.push(() => daemon.stop());
    const url = `http://127.0.0.1:${daemon.port}`;
    sim?.setWebhook(`${url}/webhooks/mailgun`);
    const judgedAt = await insert(url, plan.inserts?.daemon, opened);
    const { domain, recipients } = plan.place.kind === 'demo' ? { domain: DEMO_DOMAIN, recipients: null } : plan.place;
    return await play({ proxy, sink, sim, domain, recipients, url, judgedAt, token });
  } finally {
    await endAll(ending.reverse());
  }
}

/** One that can not be ended does not keep the others. */
async function endAll(ending: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const end of ending) await end().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw new AggregateError(errors, 'what took part in the drill could not be ended');
}

const startSim = () =>
  startSimMailgun({
    apiKey: 'key-drill',
    signingKey: 'drill-signing-key',
    domains: [DEMO_DOMAIN],
    quirks: { deliveryLatency: 100, webhookLatency: 50 },
  });

function upstreamOf({ place }: DrillPlan): string {
  return place.kind === 'demo' ? '' : place.apiUrl;
}

const proxyOptions = ({ fault, pace, place }: DrillPlan, now: Clock) => ({
  ...{ fault, delay: pace.delay, retryAfter: pace.retryAfter, now },
  guard:
    place.kind === 'demo' ? null : { domain: place.domain, recipients: [...place.recipients, `drill@${place.domain}`] },
});

async function insert(
  url: string,
  between: Insert | undefined,
  opened: <S extends { close(): Promise<unknown> }>(one: S) => S,
): Promise<string> {
  return between ? opened(await between(url)).url : url;
}
