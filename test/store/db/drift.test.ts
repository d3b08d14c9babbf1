import assert from 'node:assert/strict';
import { readConfig } from '../../../src/config/config.ts';
import { startDaemon } from '../../../src/daemon/daemon.ts';
import { schemaProblems } from '../../../src/store/db/drift.ts';
import { migrate } from '../../../src/store/db/migrate.ts';
import { openStore } from '../../../src/store/db/open.ts';
import { logInto } from '../../support/homing.ts';
import { eachDatabase } from '../../support/stores.ts';

eachDatabase(
  'tables that are not as the migrations made them are named, each with what is wrong',
  async (t, url, kind) => {
    const { db, close, ...store } = openStore(url);
    t.after(close);
    await migrate(db);
    const problems = () => schemaProblems({ db, close, ...store });
    assert.deepEqual(await problems(), []);
    await db.schema.alterTable('due', (table) => table.dropColumn('ask_unsuppress'));
    await db.schema.alterTable('inbox', (table) => table.dropIndex([], 'inbox_about_index'));
    await db.schema.dropTable('calls');
    await db.schema.alterTable('audit', (table) => table.string('harmless', 10).nullable());
    await db.raw('alter table audit add column ticket integer not null default 0');
    const found = await problems();
    assert.deepEqual(found.toSorted(), [
      'the column "ask_unsuppress" of the table "due" is missing',
      'the index "inbox_about_index" of the table "inbox" is missing',
      'the table "calls" is missing',
    ]);
    const config = readConfig(
      {
        DATABASE_URL: url,
        MAILGUN_API_KEY: 'key-test',
        MAILGUN_WEBHOOK_SIGNING_KEY: 'signing-key-of-the-test',
        MAILGUN_DOMAIN: 'mg.example.com',
        PORT: '0',
      },
      'daemon',
    );
    await assert.rejects(startDaemon(config, logInto([])), /"ask_unsuppress" of the table "due" is missing/);
    if (kind === 'sqlite') return;
    await db.raw('alter table messages convert to character set utf8mb4 collate utf8mb4_unicode_ci');
    assert.match((await problems()).join(), /is compared by utf8mb4_unicode_ci.*and \d+ more/);
  },
);
