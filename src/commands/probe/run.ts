import { sleep } from '../../base/wait.ts';
import type { Answer } from '../../core/answer.ts';
import type { Sighting } from '../../core/sighting.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { lengthWords } from '../../core/words/numbers.ts';
import type { FormEntry } from '../../mail/form.ts';
import type { Port } from '../../providers/mailgun/port.ts';
import { storageTargets } from '../../providers/mailgun/storage.ts';
import type { History } from '../../providers/provider.ts';
import { Failed } from '../common/terminal.ts';
import type { Seen } from './findings.ts';

export type Probe = {
  port: Port;
  history: History;
  apiUrl: string;
  allowedHosts: readonly string[];
  domain: string;
  from: string;
  to: string;
  /** A name that nothing else has. */
  id: string;
  /** How far ahead the re-post is to go out. */
  delay: Ms;
  /** How long events are waited for, and how often they are looked for. */
  patience: Ms;
  poll: Ms;
  now: Clock;
  progress(line: string): void;
};

/** Sends a mail, has it sent again with a delivery time, and watches what Mailgun tells of the two. */
export async function runProbe(probe: Probe): Promise<Seen> {
  const sentAt = probe.now();
  const askedId = `${probe.id}@${probe.domain}`;
  const firstId = await sendFirst(probe, askedId);
  const isFirst = (s: Sighting) => s.homingId === probe.id || s.messageId === firstId || s.messageId === askedId;
  const events: Events = async () => {
    const { items } = await probe.history.aboutRecipient(probe.domain, probe.to, sentAt - 10 * MINUTE);
    return items.map(({ sighting }) => sighting);
  };
  const { accepted, storage, acceptedAt, hasArrived } = await watchFirst(probe, events, isFirst);

  const before = new Set((await events()).map(({ eventKey }) => eventKey));
  const repost = await repostIt(probe, storage);
  const isSecond = (s: Sighting) => {
    if (before.has(s.eventKey) || !(isFirst(s) || (s.messageId !== null && s.messageId === repost.id))) return false;
    // Events of the first copy may come only now.
    return hasArrived || s.messageId !== accepted.messageId || s.storage?.key !== storage.key;
  };
  const second = repost.withTime === 'accepted' ? await watchSecond(probe, repost, events, isSecond) : [];
  return {
    domain: probe.domain,
    sentAt,
    askedId,
    firstId,
    acceptedAt,
    variables: accepted.homingId === probe.id,
    storageHost: URL.canParse(storage.url) ? new URL(storage.url).host : 'none',
    storageKey: storage.key,
    repost,
    second: secondOf(second, probe.id),
  };
}

type Events = () => Promise<Sighting[]>;
type IsAbout = (s: Sighting) => boolean;

/** Waits until the first copy has arrived, so that its events can be told from those of the second. */
async function watchFirst(probe: Probe, events: Events, isFirst: IsAbout) {
  probe.progress('Sent. Waiting until Mailgun tells of it and where it is stored …');
  const accepted = await until(probe, probe.now() + probe.patience, async () => {
    const mine = (await events()).filter(isFirst);
    return mine.find(({ report, storage }) => report === 'accepted' && storage) ?? null;
  });
  const acceptedAt = probe.now();
  if (!accepted?.storage)
    throw new Failed(`Mailgun told nothing of the mail within ${lengthWords(probe.patience)}: try again later.`);
  probe.progress('Accepted. Waiting until it has arrived, so that the second copy can be told from it …');
  const out = await until(
    probe,
    probe.now() + probe.patience,
    async () => (await events()).find((s) => isFirst(s) && isOut(s)) ?? null,
  );
  if (out?.report === 'failed' || out?.report === 'rejected')
    throw new Failed(`The mail did not arrive (${out.bounce?.message ?? out.report}): name an address that gets mail.`);
  return { accepted, storage: accepted.storage, acceptedAt, hasArrived: out !== null };
}

const isOut = ({ report }: Sighting): boolean => report !== 'accepted' && report !== 'other';

async function sendFirst({ port, domain, from, to, id }: Probe, askedId: string): Promise<string | null> {
  const form: FormEntry[] = [
    ['from', from],
    ['to', to],
    ['subject', 'A probe of Homing: please ignore'],
    ['text', 'This mail and a copy of it find out how Mailgun sends stored mail again. Nothing need be done.\n'],
    ['v:homing-id', id],
    ['h:Message-Id', `<${askedId}>`],
    ['o:tracking', 'no'],
  ];
  const answer = await port.send(domain, form);
  if (answer.kind === 'accepted') return answer.messageId;
  if (answer.kind === 'refused') throw new Failed(`Mailgun did not take the mail: ${answer.detail}.`);
  throw new Failed(`Mailgun gave no answer (${answer.detail}); the mail may have gone out all the same.`);
}

async function repostIt(probe: Probe, storage: NonNullable<Sighting['storage']>): Promise<Seen['repost']> {
  const { port, domain, apiUrl, allowedHosts, to, delay, now } = probe;
  const { targets, problem } = storageTargets({ ...storage, domain, apiUrl, allowedHosts });
  if (targets.length === 0) throw new Failed(`The stored copy can't be used: ${problem}.`);
  const at = now();
  const deliverAt = Math.ceil((at + delay) / SECOND) * SECOND;
  const answer = await port.repost(targets, { to, deliverAt });
  const told = { withTime: answer.kind, withoutTime: null, detail: answer.detail, id: idOf(answer), deliverAt, at };
  if (answer.kind !== 'refused') return told;
  probe.progress('Refused with a delivery time. Trying without one …');
  const plain = await port.repost(targets, { to, deliverAt: null });
  return { ...told, withoutTime: plain.kind, id: idOf(plain) };
}

const idOf = (answer: Answer): string | null => (answer.kind === 'accepted' ? answer.messageId : null);

/** The events of the second copy when one of them shows that it is out, or all there are when the time is over. */
async function watchSecond(
  probe: Probe,
  { deliverAt, at }: Seen['repost'],
  events: Events,
  isSecond: IsAbout,
): Promise<Sighting[]> {
  probe.progress(`Re-posted. Waiting until it goes out, which should be in ${lengthWords(deliverAt - at)} …`);
  let seen: Sighting[] = [];
  await until(probe, deliverAt + probe.patience, async () => {
    seen = (await events()).filter(isSecond);
    return seen.find(isOut) ?? null;
  });
  return seen;
}

function secondOf(seen: readonly Sighting[], id: string): Seen['second'] {
  const out = seen.filter(isOut).sort((a, b) => a.at - b.at)[0];
  const told = out ?? seen[0];
  if (!told) return null;
  return {
    id: told.messageId,
    variables: told.homingId === id,
    storageKey: seen.find(({ storage }) => storage?.key)?.storage?.key ?? null,
    outAt: out?.at ?? null,
    report: told.report,
  };
}

const REMIND: Ms = 30 * SECOND;

/** Looks again and again until there is something or the time is over. A question that fails is asked again. */
async function until<T>(probe: Probe, deadline: Ms, look: () => Promise<T | null>): Promise<T | null> {
  const since = probe.now();
  let reminded = since;
  for (;;) {
    const isLast = probe.now() >= deadline;
    const found = await look().catch((error: unknown) => {
      if (isLast) throw new Failed(error instanceof Error ? `${error.message}.` : String(error));
      return null;
    });
    if (found !== null || isLast) return found;
    await sleep(Math.min(probe.poll, deadline - probe.now()));
    if (probe.now() - reminded < REMIND) continue;
    reminded = probe.now();
    probe.progress(
      `… still waiting, ${lengthWords(reminded - since)} so far, ${lengthWords(deadline - since)} at most`,
    );
  }
}
