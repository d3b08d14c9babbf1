import { fieldOf, momentIn } from './form.ts';
import { type Reply, refusal, reply } from './reply.ts';
import { type SimRequest, type Suppression, type SuppressionList, suppressionsOf, type World } from './world.ts';

const MOST_AT_ONCE = 1000;

const WORDS: Record<SuppressionList, { missing: string; removed: string; cleared: string }> = {
  bounces: {
    missing: 'Address not found in bounces table',
    removed: 'Bounced address has been removed',
    cleared: 'Bounced addresses for this domain have been removed',
  },
  complaints: {
    missing: 'No spam complaints found for this address',
    removed: 'Spam complaint has been removed',
    cleared: 'Complaint addresses for this domain have been removed',
  },
  unsubscribes: {
    missing: 'Address not found in unsubscribers table',
    removed: 'Unsubscribe event has been removed',
    cleared: 'Unsubscribe addresses for this domain have been removed',
  },
};

type Place = { domain: string; list: SuppressionList };

/** GET, POST, DELETE /v3/:domain/bounces, complaints or unsubscribes */
export const wholeList = (world: World, request: SimRequest, place: Place): Reply => {
  if (request.method === 'GET') return pageOf(world, request, place);
  if (request.method === 'POST') return add(world, request, place);
  suppressionsOf(world, place.domain, place.list).clear();
  return reply({ message: WORDS[place.list].cleared });
};

/** GET, DELETE /v3/:domain/bounces/:address … */
export const oneEntry = (world: World, request: SimRequest, { domain, list }: Place, address: string): Reply => {
  const entries = suppressionsOf(world, domain, list);
  const entry = entries.get(address.toLowerCase());
  if (entry === undefined) return refusal(404, WORDS[list].missing);
  if (request.method === 'GET') return reply(shown(entry, list));
  entries.delete(address.toLowerCase());
  return reply({ message: WORDS[list].removed, address });
};

/** `code` is a string; unsubscribes have tags instead, complaints a count. */
const shown = (entry: Suppression, list: SuppressionList): Record<string, unknown> => ({
  address: entry.address,
  ...(list === 'bounces' ? { code: entry.code, error: entry.error } : {}),
  ...(list === 'complaints' ? { count: 1 } : {}),
  ...(list === 'unsubscribes' ? { tags: entry.tags } : {}),
  created_at: new Date(entry.createdAt).toUTCString(),
});

/** In alphabetical order, paging links on empty pages too. */
const pageOf = (world: World, request: SimRequest, { domain, list }: Place): Reply => {
  const limit = Math.min(Number(request.query.get('limit') ?? 100), MOST_AT_ONCE);
  const after = request.query.get('page') === 'next' ? (request.query.get('address') ?? '') : '';
  const all = [...suppressionsOf(world, domain, list).values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  const items = all.filter((entry) => entry.address > after).slice(0, limit);
  const link = (page: string, address: string): string =>
    `${world.apiOrigin}/v3/${domain}/${list}?${new URLSearchParams({ page, address, limit: String(limit) })}`;
  return reply({
    items: items.map((entry) => shown(entry, list)),
    paging: {
      first: link('first', ''),
      next: link('next', items.at(-1)?.address ?? after),
      previous: link('previous', items[0]?.address ?? after),
      last: link('last', ''),
    },
  });
};

const add = (world: World, request: SimRequest, { domain, list }: Place): Reply => {
  const given = Array.isArray(request.json) ? request.json : [formEntry(request)];
  if (given.length > MOST_AT_ONCE) return refusal(400, `Batch size should be less than ${MOST_AT_ONCE}`);
  const entries = given.map((one) => readEntry(one, world.clock()));
  if (entries.some((entry) => entry === null)) return refusal(400, 'Missing mandatory parameter: address');
  for (const entry of entries) if (entry !== null) suppressionsOf(world, domain, list).set(entry.address, entry);
  if (!Array.isArray(request.json)) {
    return reply({ message: `Address has been added to the ${list} table`, address: entries[0]?.address });
  }
  return reply({ message: `${entries.length} addresses have been added to the ${list} table` });
};

const formEntry = (request: SimRequest): Record<string, unknown> => ({
  address: fieldOf(request, 'address'),
  code: fieldOf(request, 'code'),
  error: fieldOf(request, 'error'),
  created_at: fieldOf(request, 'created_at'),
  tags: request.fields['tag'] ?? request.fields['tags'],
});

const readEntry = (value: unknown, now: number): Suppression | null => {
  if (typeof value !== 'object' || value === null) return null;
  const entry: Record<string, unknown> = { ...value };
  if (typeof entry['address'] !== 'string' || entry['address'] === '') return null;
  return {
    address: entry['address'].toLowerCase(),
    createdAt: momentIn(String(entry['created_at'] ?? '')) ?? now,
    code: String(entry['code'] ?? '550'),
    error: String(entry['error'] ?? ''),
    tags: Array.isArray(entry['tags']) ? entry['tags'].map(String) : ['*'],
  };
};
