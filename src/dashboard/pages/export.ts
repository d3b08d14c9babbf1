import { finished } from 'node:stream';
import type Router from '@koa/router';
import { CSV_OPTIONS, disarm } from '../../base/csv.ts';
import { AppError } from '../../base/errors.ts';
import { safeJson } from '../../core/safe-text.ts';
import { tagsKept } from '../../core/tags.ts';
import { streamText } from '../../http/stream.ts';
import { furtherDeliveries, type Hit } from '../../store/messages/filter.ts';
import type { Filter } from '../../store/messages/lists.ts';
import type { DeliveryRow, MessageRow } from '../../store/rows/rows.ts';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import type { Role } from '../desk/users.ts';
import type { Visitor } from '../desk/visitor.ts';
import { queryIn } from '../search/asked.ts';
import { allPages, filterOf } from '../search/find.ts';
import { subjectFor } from '../search/shown.ts';

/** Messages that are read at a time. */
const PAGE = 200;
/** Exports that one daemon makes at once: the others wait for their turn outside. */
const AT_ONCE = 2;

type Row = Record<(typeof COLUMNS)[number], string | number | null>;

const COLUMNS = [
  'created_at',
  'message',
  'message_id',
  'key',
  'sender',
  'recipient',
  'subject',
  'class',
  'tags',
  'state',
  'reason',
  'attempt',
  'provider',
  'ended_at',
] as const;

/** The list as it is filtered, all of it, as a file. */
export function addExport(router: Router, desk: Desk): void {
  let underWay = 0;
  for (const kind of ['csv', 'json'] as const)
    router.get(`/messages.${kind}`, desk.allow('support'), async (ctx) => {
      const query = queryIn(ctx, desk);
      if (query.problems.length > 0) throw new AppError('invalid', TEXTS.errors.title, query.problems);
      if (underWay >= AT_ONCE) throw new AppError('unavailable', TEXTS.messages.exporting);
      underWay++;
      finished(ctx.res, () => underWay--);
      const filter = await filterOf(desk.store, query);
      const visitor = ctx.state['visitor'] as Visitor;
      await desk.note(visitor, 'export', query.search || null, kind);
      await streamText(ctx, TO_TEXT[kind](rowsOf(desk, filter, visitor.role)));
      ctx.type = kind === 'csv' ? 'text/csv; charset=utf-8' : 'application/json';
      ctx.attachment(`${nameOf(query.search, desk.now())}.${kind}`);
    });
}

/** The words of the filter are in the name, so that nobody takes one file for another. */
function nameOf(search: string, now: number): string {
  const words = search.replace(/[^\w.@-]+/g, '-').slice(0, 80);
  const day = new Date(now).toISOString().slice(0, 10);
  return ['messages', words.replace(/^[-.]+|[-.]+$/g, ''), day].filter(Boolean).join('-');
}

/** A row for each delivery that fits, a page of messages at a time. */
async function* rowsOf({ store }: Desk, filter: Filter, role: Role): AsyncGenerator<Row[]> {
  for await (const { found } of allPages(store, filter, PAGE)) {
    for (const { message, deliveries, others } of found) {
      yield deliveries.map((delivery) => rowOf(message, delivery, role));
      for (let after = others > 0 ? deliveries.at(-1)?.id : undefined; after !== undefined; ) {
        const more = await furtherDeliveries(store, { filter, messageId: message.id, after });
        yield more.map((delivery) => rowOf(message, delivery, role));
        after = more.at(-1)?.id;
      }
    }
  }
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(Number(at)).toISOString());

const rowOf = (message: Hit['message'], delivery: DeliveryRow, role: Role): Row => ({
  created_at: iso(message.created_at),
  message: message.id,
  message_id: message.message_id,
  key: message.message_key,
  sender: message.sender,
  recipient: delivery.recipient,
  subject: subjectFor(role, message),
  class: message.class,
  tags: tagsOf(message),
  state: delivery.state,
  reason: delivery.reason,
  attempt: delivery.attempt,
  provider: delivery.provider,
  ended_at: iso(delivery.ended_at),
});

const tagsOf = ({ tags }: MessageRow): string | null => tagsKept(tags).join(', ') || null;

const TO_TEXT = { csv: asCsv, json: asJson };

async function* asCsv(pages: AsyncIterable<Row[]>): AsyncGenerator<string> {
  const { stringify } = await import('csv-stringify/sync');
  // It goes with the first rows: until they are there, nothing is said.
  let head = stringify([], { ...CSV_OPTIONS, columns: [...COLUMNS] });
  const options = { ...CSV_OPTIONS, header: false, bom: false };
  for await (const rows of pages) {
    if (rows.length === 0) continue;
    const cells = rows.map((row) => COLUMNS.map((name) => disarm(row[name] ?? '')));
    yield head + stringify(cells, options);
    head = '';
  }
  if (head !== '') yield head;
}

async function* asJson(pages: AsyncIterable<Row[]>): AsyncGenerator<string> {
  let before = '[\n';
  for await (const rows of pages)
    for (const row of rows) {
      yield before + safeJson(row);
      before = ',\n';
    }
  yield before === '[\n' ? '[]\n' : '\n]\n';
}
