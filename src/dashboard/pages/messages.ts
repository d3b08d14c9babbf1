import type Router from '@koa/router';
import type { Context } from 'koa';
import { supportOf } from '../../contract/support.ts';
import { STATES } from '../../core/delivery.ts';
import { CLASSES } from '../../core/message-class.ts';
import { shortReason } from '../../core/words/reasons.ts';
import { indexedSince } from '../../operate/index-terms.ts';
import { MOST_COUNTED } from '../../store/db/counted.ts';
import { countStates } from '../../store/messages/counts.ts';
import { filterMessages, type Hit } from '../../store/messages/filter.ts';
import type { Filter } from '../../store/messages/lists.ts';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import type { Visitor } from '../desk/visitor.ts';
import { given, queryIn } from '../search/asked.ts';
import { filterOf } from '../search/find.ts';
import type { Query } from '../search/query.ts';
import { subjectFor } from '../search/shown.ts';
import { suggestionsFor } from '../search/suggest.ts';
import { type Token, withValue } from '../search/tokens.ts';
import { bulkActionsOf } from './bulk.ts';
import { addExport } from './export.ts';

/** Messages on a page. */
const PAGE = 50;

/** Finds mail by whatever is known of it. */
export function addMessages(router: Router, desk: Desk): void {
  router.get('/messages', desk.allow('support'), (ctx) => showList(ctx, desk));
  addExport(router, desk);
}

async function showList(ctx: Context, desk: Desk): Promise<void> {
  const { store } = desk;
  const query = queryIn(ctx, desk);
  const cursor = given(ctx, 'cursor') || undefined;
  const isWrong = query.problems.length > 0;
  const filter = isWrong ? {} : await filterOf(store, query);
  const hits = isWrong ? NOTHING : await filterMessages(store, { filter, limit: PAGE, cursor });
  const { role } = ctx.state['visitor'] as Visitor;
  desk.show(ctx, 'messages', {
    ...{ title: TEXTS.nav.messages, live: cursor === undefined && !isWrong, search: query.search },
    ...{ problems: query.problems, isFirst: cursor === undefined, looked: hits.looked },
    person: isWrong || cursor !== undefined ? null : await personOf(desk, filter),
    rows: hits.found.map((hit) => ({ ...rowOf(hit, role), to: pageOf(hit, filter) })),
    actions: bulkActionsOf(role),
    tabs: isWrong ? [] : await tabsOf(desk, query, filter),
    suggestions: suggestionsFor(query.search, { ...desk, now: desk.now() }),
    narrower: narrowerThan(query.tokens),
    wider: query.tokens.map(({ text }) => ({ text, to: listAt(without(query.tokens, text)) })),
    next: hits.next === null ? null : listAt(query.search, hits.next),
    first: listAt(query.search),
    exports: ['csv', 'json'].map((kind) => ({
      kind,
      to: `/messages.${kind}?${new URLSearchParams({ q: query.search })}`,
    })),
    indexed: needsWords(filter) ? await indexedSince(store) : 'all',
  });
  if (isWrong) ctx.status = 400;
}

/** Of whoever is looked for: where the newest mail is, whether any is sent at all, or who else may be meant. */
async function personOf(desk: Desk, { recipient }: Filter) {
  if (recipient === undefined) return null;
  const { store, providers, retentionDays, settings } = desk;
  const deps = { store, providers, retentionDays, now: desk.now(), cooldown: settings.resendCooldown };
  const said = await supportOf(deps, { recipient, limit: 1 });
  return {
    ...{ address: recipient, sentence: said.sentence, newest: said.mails[0]?.message ?? null },
    suppression: said.suppression && `${said.suppression.sentence} ${said.suppression.canDo[0]?.sentence ?? ''}`,
    proof: 'doesNotProve' in said ? said.doesNotProve : null,
    near: ('near' in said ? said.near : []).map((address) => ({ address, to: listAt(address) })),
  };
}

const NOTHING = { found: [], next: null, looked: null };

const listAt = (search: string, cursor?: string): string => {
  const said = new URLSearchParams({ ...(search ? { q: search } : {}), ...(cursor ? { cursor } : {}) }).toString();
  return said ? `/messages?${said}` : '/messages';
};

const without = (tokens: readonly Token[], gone: string): string =>
  tokens
    .filter(({ text }) => text !== gone)
    .map(({ text }) => text)
    .join(' ');

const needsWords = ({ terms, cause, provider }: Filter): boolean =>
  terms !== undefined || cause !== undefined || provider !== undefined;

/** Among many recipients the page begins with the one who was looked for. */
const pageOf = ({ message, others }: Hit, { recipient }: Filter): string =>
  `/messages/${message.id}${recipient !== undefined && others > 0 ? `?${new URLSearchParams({ to: recipient })}` : ''}`;

const rowOf = ({ message, deliveries, others }: Hit, role: Visitor['role']) => ({
  id: message.id,
  at: Number(message.created_at),
  class: message.class,
  subject: subjectFor(role, message),
  deliveries: deliveries.map(({ recipient, state, reason }) => ({
    ...{ recipient, state },
    // The words of whoever cancelled it may stand there.
    reason: reason === null ? null : shortReason(reason),
  })),
  others,
});

/** A state is a click away, with how many deliveries are in it where an index knows that. */
async function tabsOf(desk: Desk, { tokens, filter: { state: chosen } }: Query, filter: Filter) {
  const { state: _, ...rest } = filter;
  const counts = await countStates(desk.store, rest);
  const shown = STATES.filter((state) => counts === null || counts.get(state) || state === chosen);
  const all = {
    state: null,
    count: null,
    isChosen: chosen === undefined,
    to: listAt(withValue(tokens, 'state', null)),
  };
  return [
    all,
    ...shown.map((state) => ({
      ...{ state, isChosen: state === chosen, to: listAt(withValue(tokens, 'state', state)) },
      count: counts === null ? null : countWords(counts.get(state) ?? 0),
    })),
  ];
}

const countWords = (n: number): string => (n > MOST_COUNTED ? `${MOST_COUNTED}+` : String(n));

/** What else could be said. */
const narrowerThan = (tokens: readonly Token[]) =>
  tokens.some(({ name }) => name === 'class')
    ? []
    : CLASSES.map((name) => ({ text: `class:${name}`, to: listAt(withValue(tokens, 'class', name)) }));
