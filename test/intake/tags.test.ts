import assert from 'node:assert/strict';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { tagsKept } from '../../src/core/tags.ts';
import { draftOf } from '../../src/intake/draft.ts';
import { readTelling } from '../../src/intake/record.ts';
import type { Store } from '../../src/store/db/open.ts';
import { enqueue } from '../../src/store/messages/enqueue.ts';
import { record } from '../../src/store/messages/messages.ts';
import { MORNING } from '../support/clock.ts';
import { draft, telling } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';

const settings = settingsOf(readConfig({}, 'database'));

const tagsOf = async (store: Store, id: string): Promise<string[]> =>
  tagsKept((await store.db('messages').where({ id }).first('tags'))?.tags as string | null);

eachStore('the tags that an application tells of, or gives to mail in the queue, are kept', async ({ store }) => {
  const told = readTelling(settings, telling(1, { tags: ['reset', 'Blue'] }), MORNING).draft;
  assert.deepEqual(await tagsOf(store, (await record(store, told, MORNING)).id), ['reset', 'Blue']);
  const form = [
    ...([
      ['from', 'a@mg.example.com'],
      ['to', 'anna@example.com'],
      ['text', 'x'],
    ] as const),
    ...([
      ['o:tag', 'one'],
      ['o:tag', 'two'],
    ] as const),
  ];
  const terms = { settings, encryptionKey: 'ab'.repeat(32), domains: null };
  const { draft: queued } = await draftOf(terms, { domain: 'mg.example.com', form, caller: 'x' }, MORNING);
  assert.deepEqual(await tagsOf(store, (await enqueue(store, queued, null, MORNING)).id), ['one', 'two']);
  const plain = readTelling(settings, telling(2), MORNING).draft;
  assert.deepEqual(await tagsOf(store, (await record(store, plain, MORNING)).id), []);
});

eachStore(
  'what the application says of tags goes before what events did, and what it leaves out stays',
  async ({ store }) => {
    const adopted = (name: string) => draft({ messageId: name, origin: 'adopted', tags: ['of the event'] });
    for (const [name, tags, left] of [
      ['a', ['its own'], ['its own']],
      ['b', undefined, ['of the event']],
    ] as const) {
      const { id } = await record(store, adopted(name), MORNING);
      await record(store, draft({ messageId: name, ...(tags ? { tags } : {}) }), MORNING);
      assert.deepEqual(await tagsOf(store, id), left);
    }
  },
);
