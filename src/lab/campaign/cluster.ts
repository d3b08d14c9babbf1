// Mail is sent by daemons on different nodes of a database cluster, and the nodes fail one after the other.
import { sleep } from '../../base/wait.ts';
import { isEnded } from '../../core/delivery.ts';
import type { Ms } from '../../core/time.ts';
import { openStore } from '../../store/db/open.ts';
import { again } from '../../store/db/transact.ts';
import { findMessage } from '../../store/messages/find.ts';
import type { View } from '../../store/rows/rows.ts';
import type { Galera, GaleraNode } from '../servers/galera.ts';
import { type Recorded, send, settled, until } from './application.ts';
import type { DaemonProcess } from './daemon.ts';
import { contradictions, type History } from './history.ts';
import { FATES, loseSome, mixOf, refuseSome } from './mix.ts';
import { allTold, verdict } from './verdict.ts';
import { createWorld, type World } from './world.ts';

export const FAULTS = ['killed', 'paused', 'isolated', 'desynced'] as const;
export type Fault = (typeof FAULTS)[number];

export type ClusterPlan = {
  cluster: Galera;
  /** Made and migrated. */
  database: string;
  daemons: number;
  /** One after the other, each on the next node. */
  faults: readonly Fault[];
  /** How long a fault lasts at least, and as long again is between two; mail comes all the time. */
  lasts: Ms;
  /** From one mail to the next. */
  every: Ms;
  patience: Ms;
  say?: (line: string) => void;
};

export type ClusterOutcome = {
  problems: string[];
  messages: number;
  /** Attempts that are written down as possible doubles. */
  doubles: number;
  /** How often a daemon went to another node, by its own log. */
  moves: number;
  /** The longest time that a daemon was not ready. */
  away: Ms;
};

export async function clusterPlay(plan: ClusterPlan): Promise<ClusterOutcome> {
  const world = await createWorld({
    database: plan.cluster.url(plan.database),
    // As long as a daemon may need to find another node, a claim has to last.
    env: {
      LEASE: '30s',
      ASK_PATIENCE: '90s',
      ADOPT_AFTER: '60s',
      ACCESS_LIFE: '60s',
      UNSUPPRESS_MAX_PER_DAY: '100000',
    },
    sink: { refuse: refuseSome },
    sim: { quirks: { lose: loseSome }, otherwise: () => 'deliver' },
  });
  try {
    for (let n = 0; n < plan.daemons; n++)
      await world.start({ DATABASE_URL: plan.cluster.url(plan.database, n % plan.cluster.nodes.length) });
    const watching = new AbortController();
    const watches = world.daemons.map((daemon) => longestAway(daemon, watching.signal));
    const recorded = await sendWhile(world, plan, makeFaults(plan));
    watching.abort();
    const away = Math.max(...(await Promise.all(watches)));
    plan.say?.(`${recorded.length} sent; what is open now has to end by itself`);
    await settled(world.front.url, plan.patience);
    await until('the last alert', () => allTold(world), plan.patience);
    const { problems, doubles } = await verdict(world, recorded);
    const history = await historyOf(world, recorded);
    const moves = world.daemons.flatMap(({ lines }) => lines.filter((line) => line.includes(MOVED))).length;
    const wrong = problems.filter((problem) => !TRUE.test(problem));
    return { problems: [...wrong, ...contradictions(history)], messages: recorded.length, doubles, moves, away };
  } finally {
    await world.close();
  }
}

const MOVED = 'another server of the database is asked now';

/** On a busy machine a daemon may take long enough to another node that it tells of it, and that is true. */
const TRUE = /^an alert says: \[Homing\] the database can(?: not)? be used/;

/** Asks a daemon at `/readyz` as a load balancer does, and says for how long at most it was not ready. */
async function longestAway(daemon: DaemonProcess, over: AbortSignal): Promise<Ms> {
  const url = `http://127.0.0.1:${await daemon.up}/readyz`;
  let longest = 0;
  for (let readyAt = Date.now(); !over.aborted; await sleep(250)) {
    const isReady = await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) readyAt = Date.now();
    longest = Math.max(longest, Date.now() - readyAt);
  }
  return longest;
}

/** With these most mail of a while would be put off, and that is an incident which this play is not about. */
const LEFT_OUT = ['refused', 'blocked-twice'];

/** Sends mail until that is over, many at a time, because one that waits must not hold the others up. */
async function sendWhile(world: World, plan: ClusterPlan, over: Promise<void>): Promise<Recorded[]> {
  const mails = mixOf(100_000).filter(({ recipient }) => !LEFT_OUT.some((name) => recipient.startsWith(`${name}.`)));
  let isOver = false;
  const ended = over.finally(() => {
    isOver = true;
  });
  const sending: Promise<Recorded>[] = [];
  for (let n = 0; !isOver; n++) {
    const mail = mails[n];
    if (!mail) break;
    const fate = FATES.find((f) => mail.recipient.startsWith(`${f.name}.`));
    if (fate) world.sim.fate(mail.recipient, fate.script);
    const sent = send(world, mail);
    sent.catch(() => {});
    sending.push(sent);
    await Promise.race([ended, sleep(plan.every)]);
  }
  await ended;
  return Promise.all(sending);
}

async function makeFaults({ cluster, faults, lasts, say }: ClusterPlan): Promise<void> {
  await sleep(lasts);
  for (const [n, fault] of faults.entries()) {
    const node = cluster.nodes[n % cluster.nodes.length];
    if (!node) return;
    say?.(`${node.name} is ${fault}`);
    await MAKE[fault](node);
    await sleep(lasts);
    await END[fault](node);
    await node.synced();
    say?.(`${node.name} is back`);
    await sleep(lasts);
  }
}

type Doing = Record<Fault, (node: GaleraNode) => Promise<void>>;
const MAKE: Doing = {
  killed: (node) => node.kill(),
  paused: async (node) => node.pause(),
  isolated: (node) => node.isolate(true),
  desynced: (node) => node.lock(),
};
const END: Doing = {
  killed: (node) => node.start(),
  paused: async (node) => node.resume(),
  isolated: (node) => node.isolate(false),
  desynced: (node) => node.unlock(),
};

/** From the database, and from what reached the providers. */
async function historyOf(world: World, recorded: readonly Recorded[]): Promise<History> {
  const store = openStore(world.database);
  try {
    const views: View[] = [];
    for (const { id } of recorded) views.push(...((await again(() => findMessage(store, id)))?.views ?? []));
    const facts = views.flatMap((view) => view.facts.map((fact) => ({ delivery: view.id, fact })));
    return {
      promised: recorded.map(({ id }) => ({ message: id, at: 0 })),
      kept: views.map(({ id, messageId, recipient, delivery }) => ({
        ...{ message: messageId, delivery: id, recipient },
        ended: isEnded(delivery.state),
      })),
      claims: facts.flatMap(({ delivery, fact }) =>
        fact.kind === 'claimed' && fact.lease !== null
          ? [{ delivery, attempt: fact.attempt, lease: fact.lease, at: fact.at }]
          : [],
      ),
      facts: facts.map(({ delivery, fact }) => ({
        ...{ delivery, attempt: 'attempt' in fact ? (fact.attempt ?? null) : null, at: fact.at },
        kind: fact.kind === 'reported' ? fact.report : fact.kind,
      })),
      handovers: views.flatMap(({ recipient }) => handoversOf(world, recipient)),
    };
  } finally {
    await store.close();
  }
}

/** All that reached a provider for this recipient but the first, which the application handed over itself. */
function handoversOf({ sim, sink }: World, recipient: string): History['handovers'][number][] {
  const posted = sim.requests.filter(
    ({ method, path, fields }) => method === 'POST' && path.endsWith('/messages') && fields['to']?.includes(recipient),
  );
  const stored = sim.requests.filter(
    ({ method, path, fields }) => method === 'POST' && /\/messages\/./.test(path) && fields['to']?.includes(recipient),
  );
  const relayed = sink.mails.filter(({ to }) => to.includes(recipient));
  return [...posted.slice(1), ...stored, ...relayed].map(({ at }) => ({ recipient, at }));
}
