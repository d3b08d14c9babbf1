// Mail that waits in the queue, written many at a time: nobody could wait for a hundred thousand calls.
import { sealedBy } from '../../src/base/seal.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { draftOf } from '../../src/intake/draft.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { rememberDomains } from '../../src/store/messages/domains.ts';
import type { QueueDraft } from '../../src/store/messages/enqueue.ts';
import { recordMany } from '../../src/store/messages/record-many.ts';
import { DOMAIN, ENCRYPTION_KEY } from '../bench/daemon.ts';
import { smallMail } from '../bench/postings.ts';

const AT_ONCE = 200;
const terms = { settings: settingsOf(readConfig({}, 'database')), encryptionKey: ENCRYPTION_KEY, domains: [DOMAIN] };

/** Puts so many small mails into the queue, which are to be sent from `at` on. */
export async function seedQueue(database: string, count: number, at: number): Promise<void> {
  const store = openStore(database);
  await rememberDomains(store, [DOMAIN]);
  for (let n = 0; n < count; n += AT_ONCE) await seedSome(store, n, Math.min(count, n + AT_ONCE), at);
  await store.close();
}

async function seedSome(store: Store, from: number, to: number, at: number): Promise<void> {
  const drafts: QueueDraft[] = [];
  for (let n = from; n < to; n++) {
    const call = { domain: DOMAIN, form: smallMail(n), caller: 'bench' };
    drafts.push((await draftOf(terms, call, at)).draft);
  }
  const bodies = drafts.map(({ id, body }) => ({ message_id: id, piece: 0, body, sealed_by: sealedBy(body) }));
  await store.db('message_bodies').insert(bodies);
  await recordMany(store, drafts, at);
}
