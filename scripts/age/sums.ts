// Believable days, written straight into the roll-ups, for the benchmark and for looking at reports.
import { quarterOf, SPANS } from '../../src/core/figures/cover.ts';
import { type Entry, sumEntries } from '../../src/core/figures/sums.ts';
import { timeBucket } from '../../src/core/figures/times.ts';
import type { MessageClass } from '../../src/core/message-class.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../src/core/time.ts';
import type { Store } from '../../src/store/db/open.ts';
import { chunks, transact } from '../../src/store/db/transact.ts';

export type Month = {
  deliveries: number;
  days: number;
  /** The moment after the last delivery. */
  end: Ms;
  progress(done: number, all: number): void;
};

/** A small generator of our own, so that each run is the same. */
function dice(seed: number): () => number {
  let s = seed;
  return () => {
    s = (s + 0x6d2b79f5) | 0;
    let t = Math.imul(s ^ (s >>> 15), 1 | s);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const DOMAINS = ['mg.example.com', 'mg.example.org'];
const LARGE = ['gmail.com', 'outlook.com', 'yahoo.com', 'icloud.com', 'gmx.net'];
const CAUSES = ['ip_block', 'ip_block', 'recipient_unknown', 'recipient_unknown', 'mailbox_full', 'server_temporary'];
const EXTRA = ['policy_block', 'spam_content', 'greylisted', 'network', 'suppressed'];

type Die = () => number;
const pick = <T>(die: Die, list: readonly [T, ...T[]] | readonly T[]): T => list[Math.floor(die() * list.length)] as T;

/** Writes the month hour by hour; says how many rows the roll-ups got. */
export async function seedMonth(store: Store, month: Month): Promise<number> {
  const die = dice(42);
  const hours = month.days * 24;
  const weights = Array.from({ length: hours }, (_, h) => weightOf(month.end - (hours - h) * HOUR, die));
  const all = weights.reduce((sum, w) => sum + w, 0);
  let [done, share, rollups] = [0, 0, 0];
  const daySums: Entry[] = [];
  for (const [h, weight] of weights.entries()) {
    share += weight;
    const upTo = Math.round((month.deliveries * share) / all);
    const hour = month.end - (hours - h) * HOUR;
    const made = Array.from({ length: upTo - done }, () => oneDelivery(hour + Math.floor(die() * HOUR), h, hours, die));
    const entries = sumEntries([{ sign: 1, entries: made.flat() }]);
    rollups += await writeSums(store, [SPANS[2], SPANS[1]], entries);
    daySums.push(...entries);
    if ((hour + HOUR) % DAY === 0 || h === hours - 1) {
      rollups += await writeSums(store, [SPANS[0]], daySums.splice(0));
    }
    done = upTo;
    month.progress(done, month.deliveries);
  }
  return rollups;
}

function weightOf(at: Ms, die: Die): number {
  const [hour, day] = [new Date(at).getUTCHours(), new Date(at).getUTCDay()];
  const daily = 0.25 + Math.exp(-((hour - 10) ** 2) / 18) + 0.7 * Math.exp(-((hour - 18) ** 2) / 14);
  return daily * (day === 0 || day === 6 ? 0.55 : 1) * (0.9 + 0.2 * die());
}

function oneDelivery(at: Ms, hour: number, hours: number, die: Die): Entry[] {
  const domain = die() < 0.8 ? 'mg.example.com' : pick(die, DOMAINS);
  const cls: MessageClass = die() < 0.3 ? 'access' : die() < 0.75 ? 'notice' : 'bulk';
  const place = die() < 0.75 ? pick(die, LARGE) : `company-${Math.floor(die() ** 2 * 20_000)}.example`;
  const bad = Math.floor(hour / 24) === Math.floor(hours / 24) - 6 ? 0.16 : 0.035;
  const entries: Entry[] = [];
  const add = (what: Entry['what'], value = '', n = 1, ms = 0) =>
    entries.push({ what, value, n, ms, bucket: quarterOf(at), domain, class: cls });
  add('messages');
  add('deliveries');
  const failed = die() < bad;
  const cause = die() < 0.8 ? pick(die, CAUSES) : pick(die, EXTRA);
  const hopeless = ['recipient_unknown', 'suppressed', 'spam_content'].includes(cause);
  const fate = !failed
    ? 'first'
    : hopeless
      ? 'failed'
      : die() < 0.72
        ? 'cured'
        : die() < 0.6
          ? 'saved'
          : die() < 0.85
            ? 'abandoned'
            : 'expired';
  const open = hour === hours - 1 && !failed && die() < 0.06;
  const attempt = 2 + Math.floor(die() ** 2 * 3);
  const base = Math.exp(1.1 + 1.1 * gauss(die)) * SECOND;
  const took = fate === 'first' ? base : fate === 'cured' ? base + 4 ** (attempt - 1) * MINUTE : base + 400 * MINUTE;
  const state = open
    ? 'accepted'
    : fate === 'first' || fate === 'cured'
      ? 'delivered'
      : fate === 'saved'
        ? 'relayed'
        : fate;
  add('state', state);
  add('found', die() < 0.97 ? 'webhook' : 'poll', 2);
  if (state === 'delivered' || state === 'relayed') {
    add('outcome', fate === 'first' ? 'first_try' : fate === 'saved' ? 'fallback' : `retry_${attempt}`);
    add('time', String(timeBucket(Math.round(took))), 1, Math.round(took));
  } else if (!open) add('reason', `${state} ${cause}`);
  if (failed) {
    const ending = fate === 'cured' ? 'cured' : fate === 'saved' ? 'saved' : 'lost';
    add('cause', `${cause} ${ending} ${hopeless ? 'direct' : 'retried'}`);
    add('failing', `${place} ${cause}`);
    add(`failing_${ending}`, `${place} ${cause}`);
    if (!hopeless) {
      add('failing_retried', `${place} ${cause}`);
      add(
        'retry',
        `${cause} ${attempt} ${die() < 0.8 ? 'changed' : 'same'} ${fate === 'cured' ? 'arrived' : 'failed'}`,
      );
    }
  }
  if (die() < 0.0004) add('double', die() < 0.3 ? 'certain' : 'possible');
  return entries;
}

const gauss = (die: Die): number => Math.sqrt(-2 * Math.log(1 - die())) * Math.cos(2 * Math.PI * die());

async function writeSums(store: Store, spans: readonly number[], entries: readonly Entry[]): Promise<number> {
  let written = 0;
  for (const span of spans) {
    const inSpan = entries.map((e) => ({ ...e, bucket: e.bucket - (e.bucket % span) }));
    const rows = sumEntries([{ sign: 1, entries: inSpan }]).map((e) => ({ span, ...e }));
    await transact(store, async (tx) => {
      for (const part of chunks(rows, 500)) await tx('rollups').insert(part);
    });
    written += rows.length;
  }
  return written;
}
