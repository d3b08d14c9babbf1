import { z } from 'zod';
import { fieldOf, momentIn } from './form.ts';
import { type Reply, refusal, reply } from './reply.ts';
import {
  type Place,
  type SimRequest,
  type Suppression,
  type SuppressionList,
  suppressionsOf,
  type World,
} from './world.ts';

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

type Listed = Place & { list: SuppressionList };

/** GET, POST, DELETE /v3/:domain/bounces, complaints or unsubscribes */
export function wholeList(world: World, request: SimRequest, place: Listed): Reply {
  if (request.method === 'GET') return pageOf(world, request, place);
  if (request.method === 'POST') return add(world, request, place);
  suppressionsOf(world, place.domain, place.list).clear();
  return reply({ message: WORDS[place.list].cleared });
}

/** GET, DELETE /v3/:domain/bounces/:address … */
export function oneEntry(world: World, request: SimRequest, { domain, list, last: address }: Listed): Reply {
  const entries = suppressionsOf(world, domain, list);
  const entry = entries.get(address.toLowerCase());
  if (entry === undefined) return refusal(404, WORDS[list].missing);
  if (request.method === 'GET') return reply(shown(entry, list));
  entries.delete(address.toLowerCase());
  return reply({ message: WORDS[list].removed, address });
}

/** `code` is a string; unsubscribes have tags instead, complaints a count. */
function shown(entry: Suppression, list: SuppressionList): Record<string, unknown> {
  return {
    address: entry.address,
    ...(list === 'bounces' ? { code: entry.code, error: entry.error } : {}),
    ...(list === 'complaints' ? { count: 1 } : {}),
    ...(list === 'unsubscribes' ? { tags: entry.tags } : {}),
    created_at: new Date(entry.createdAt).toUTCString(),
  };
}

/** In alphabetical order, paging links on empty pages too. */
function pageOf(world: World, { query }: SimRequest, { domain, list }: Listed): Reply {
  const limit = Math.min(Number(query.get('limit') ?? 100), MOST_AT_ONCE);
  const from = query.get('address') ?? '';
  const all = [...suppressionsOf(world, domain, list).values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  const items = itemsOf(all, query.get('page'), from, limit);
  const link = (page: string, address: string): string =>
    `${world.apiOrigin}/v3/${domain}/${list}?${new URLSearchParams({ page, address, limit: String(limit) })}`;
  return reply({
    items: items.map((entry) => shown(entry, list)),
    paging: {
      first: link('first', ''),
      next: link('next', items.at(-1)?.address ?? from),
      previous: link('previous', items[0]?.address ?? from),
      last: link('last', ''),
    },
  });
}

function itemsOf(all: Suppression[], page: string | null, from: string, limit: number): Suppression[] {
  if (page === 'next') return all.filter(({ address }) => address > from).slice(0, limit);
  if (page === 'previous') return all.filter(({ address }) => address < from).slice(-limit);
  return page === 'last' ? all.slice(-limit) : all.slice(0, limit);
}

function add(world: World, request: SimRequest, { domain, list }: Listed): Reply {
  const isMany = Array.isArray(request.json);
  const { data: given, error } = z.array(ENTRY).safeParse(isMany ? request.json : [formEntry(request)]);
  if (error) return refusal(400, 'Missing mandatory parameter: address');
  if (given.length > MOST_AT_ONCE) return refusal(400, `Batch size should be less than ${MOST_AT_ONCE}`);
  const entries = given.map((one) => suppressionFrom(one, world.clock()));
  for (const entry of entries) suppressionsOf(world, domain, list).set(entry.address, entry);
  return isMany
    ? reply({ message: `${entries.length} addresses have been added to the ${list} table` })
    : reply({ message: `Address has been added to the ${list} table`, address: entries[0]?.address });
}

const ENTRY = z.object({
  address: z.string().min(1),
  code: z.coerce.string().default('550'),
  error: z.string().default(''),
  created_at: z.string().default(''),
  tags: z.array(z.string()).default(['*']),
});

function formEntry(request: SimRequest): z.input<typeof ENTRY> {
  const text = (name: string): string | undefined => fieldOf(request, name) ?? undefined;
  return {
    address: text('address') ?? '',
    code: text('code'),
    error: text('error'),
    created_at: text('created_at'),
    tags: request.fields['tag'] ?? request.fields['tags'],
  };
}

function suppressionFrom({ address, code, error, created_at, tags }: z.output<typeof ENTRY>, now: number): Suppression {
  return { address: address.toLowerCase(), createdAt: momentIn(created_at) ?? now, code, error, tags };
}
