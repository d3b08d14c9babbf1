import { lengthOf, type Outage, type Toll } from '../core/outages.ts';
import type { PutOff } from '../core/receivers.ts';
import { type Ms, SECOND } from '../core/time.ts';

/** An outage as the API and the commands show it. */
export const shownOutage = (outage: Outage, { moved, held, expired, doubles, drain, expected }: Toll, now: Ms) => ({
  id: outage.id,
  provider: outage.provider,
  state: outage.state,
  startedAt: iso(outage.startedAt),
  endedAt: outage.endedAt === null ? null : iso(outage.endedAt),
  seconds: inSeconds(lengthOf(outage, now)),
  evidence: outage.changes.map(({ at, after, share, evidence }) => ({ at: iso(at), state: after, share, evidence })),
  moved,
  held,
  expired,
  doubles,
  drainSeconds: drain === null ? null : inSeconds(drain),
  drainExpectedSeconds: expected === null ? null : inSeconds(expected),
});

/** A recipient domain, or a class, of which most is put off now. */
export const shownPutOff = ({ provider, of, name, putOff, arrived }: PutOff & { provider: string }) => ({
  ...{ provider, receiver: of === 'receiver' ? name : null, class: of === 'class' ? name : null },
  ...{ putOff, mails: putOff + arrived },
});

const iso = (at: Ms): string => new Date(at).toISOString();
const inSeconds = (length: Ms): number => Math.round(length / SECOND);
