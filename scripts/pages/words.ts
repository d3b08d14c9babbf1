// Subjects, tags and keys for a history, and the words by which they are searched, written by the database itself.
import type { Store } from '../../src/store/db/open.ts';

/** Words of subjects, from one that a third of all mail has to one that is in few. */
const WORDS = [3, 40, 2_000, 50_000, 200_000] as const;
const TAGS = 20;
/** Mail in a row that shares a key. */
const SHARED = 1_000;

const nameOf = (kind: number, n: string): string => `concat('${'abcde'[kind]}word', ${n})`;

/** Each message gets a subject of five words, every tenth a tag, and every fourth a key that others in a row share. */
export async function addWords({ db, kind }: Store): Promise<void> {
  const n = kind === 'mysql' ? 'cast(id as unsigned)' : 'cast(id as integer)';
  // Powers of a large number keep one word from saying which the next one is.
  const words = WORDS.map((size, i) => nameOf(i, `(${n} * ${7919 + 2 * i} ${divided(kind, i + 1)}) % ${size}`));
  const ours = "id like '0000000000%'";
  const blanks = words.join(`, ' ', `);
  await db.raw(`update messages set subject = concat(${blanks}),
    tags = case when ${n} % 10 = 0 then concat('["tag', ${n} % ${TAGS}, '"]') end,
    message_key = case when ${n} % 4 = 0 then concat('key-', ${divided(kind, SHARED, n)}) end where ${ours}`);
  const into = 'insert into search_terms (term, message_at, message_id, delivery_id)';
  for (const word of words)
    await db.raw(
      `${into} select concat('w:', ${word}), created_at, id, '' from messages where ${ours} order by 1, 2, 3`,
    );
  await db.raw(`${into} select concat('t:tag', ${n} % ${TAGS}), created_at, id, '' from messages
    where ${ours} and ${n} % 10 = 0 order by 1, 2, 3`);
  await db.raw(`${into} select concat('c:', reason), message_at, message_id, id from deliveries
    where ${ours} and reason is not null order by 1, 2, 3`);
  await db.raw(`${into} select concat('p:', provider), message_at, message_id, id from deliveries
    where ${ours} and provider is not null and provider <> 'mailgun' order by 1, 2, 3`);
  await db('cursors').insert({ name: 'search:earlier', value: 'done', at: 0 });
  await db.raw(kind === 'mysql' ? 'analyze table search_terms, messages, deliveries' : 'pragma optimize');
}

/** Division of whole numbers. */
const divided = (kind: Store['kind'], by: number, n = ''): string => `${n} ${kind === 'mysql' ? 'div' : '/'} ${by}`;
