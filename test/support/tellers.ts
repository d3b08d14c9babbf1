// Daemons that tell administrators, and what those hear.
import { ladderOf, type Way } from '../../src/core/ladder.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { raise } from '../../src/store/alerts.ts';
import type { Store } from '../../src/store/db/open.ts';
import { type AlertDeps, bundleAlerts, sendAlerts } from '../../src/tell/alert.ts';
import type { Notice } from '../../src/tell/channels/channel.ts';
import { lookForEnds } from '../../src/tell/endings.ts';
import type { SetClock } from './clock.ts';

export type Heard = Notice & { by: string };

/** What administrators heard, and the channels that do not work. */
export const listening = () => ({ heard: [] as Heard[], down: new Set<string>() });

/** In words: by which channel, which turn. */
export const turnsOf = (heard: readonly Heard[]): string[] => heard.map(({ by, turn }) => `${by} ${turn}`);

export type Daemon = AlertDeps & {
  /** Looks once at what is to be told, and tells it. */
  look(): Promise<void>;
  /** Looks every few seconds until then. */
  until(at: number): Promise<void>;
};

type Given = { store: Store; clock: SetClock; to: ReturnType<typeof listening> } & Partial<AlertDeps>;

export function daemonOf({ store, clock, to, ...given }: Given, names: readonly string[] = ['mail']): Daemon {
  const channels = names.map((name) => ({
    name,
    async send(notice: Notice) {
      if (to.down.has(name)) throw new Error('it does not answer');
      to.heard.push({ ...notice, by: name });
      return [];
    },
  }));
  const deps: AlertDeps = {
    ...{ store, channels, group: 30 * SECOND, repeat: 15 * MINUTE, lease: MINUTE, pause: 30 * SECOND },
    ...{ publicUrl: null, now: clock, log: { debug() {}, info() {}, warn() {}, error() {} } },
    lookForEnds: (fresh) => lookForEnds({ store, providers: { named: () => null }, window: MINUTE, now: clock }, fresh),
    ...given,
  };
  const look = async () => {
    await bundleAlerts(deps);
    await sendAlerts(deps);
  };
  const until = async (end: number) => {
    for (; clock() < end; clock.advance(Math.min(15 * SECOND, end - clock()))) await look();
    await look();
  };
  return { ...deps, look, until };
}

export const ladder = (...steps: [Way, number][]) => ladderOf(steps.map(([way, after]) => ({ way, after }))) ?? [];

let made = 0;

/** Something that administrators have to hear, now. */
export async function happens(
  { store, now }: AlertDeps,
  incident: string,
  kind: Parameters<typeof raise>[1]['kind'],
  detail: string | null = null,
): Promise<void> {
  await raise(store, { item_key: `${incident}:${++made}`, incident, kind, at: now(), detail });
}
