import { HOUR, type Ms } from '../../core/time.ts';
import { counted, lengthWords, timeWords } from '../../core/words/numbers.ts';
import type { Store } from '../../store/db/open.ts';
import { postsWaiting } from '../../store/events.ts';
import { type Endpoint, endpoints } from '../../store/notes/endpoints.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const MOST = 10_000;

/** Whether the applications are told of their mail. Nothing is said where none wants to be. */
export async function checkEndpoints(store: Store, kept: Ms, now: Ms): Promise<Finding[]> {
  const known = await endpoints(store);
  return Promise.all(known.map((endpoint) => check(store, endpoint, kept, now)));
}

async function check(store: Store, endpoint: Endpoint, kept: Ms, now: Ms): Promise<Finding> {
  const { n, oldest } = await postsWaiting(store, endpoint.id, MOST);
  const { place, host, disabledAt, disabledWhy, failingSince } = endpoint;
  const name = `${place} (${host})`;
  const wait = `${counted(n, 'event')}${n === MOST ? ' or more' : ''} wait, and go unposted when they are ${lengthWords(kept)} old`;
  if (disabledAt !== null) {
    const says = `${name} is disabled since ${timeWords(disabledAt)}: ${disabledWhy ?? 'no reason is kept'}; ${wait}`;
    return problem('endpoints', says, `mend it, then "homing events enable ${place}"`);
  }
  const mend = 'see what it answers: "homing events endpoints"';
  if (failingSince !== null && now - failingSince > HOUR)
    return problem('endpoints', `${name} has taken nothing since ${timeWords(failingSince)}; ${wait}`, mend);
  if (oldest !== null && now - oldest > HOUR)
    return warning('endpoints', `${name} takes fewer events than there are; ${wait}`, mend);
  return ok('endpoints', `${name} takes events`);
}
