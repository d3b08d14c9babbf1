// A backup that is taken under load, restored elsewhere when the machine is gone, and started.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { settled } from '../../src/lab/campaign/application.ts';
import { startProcess } from '../../src/lab/campaign/daemon.ts';
import { copiesOf } from '../../src/lab/campaign/verdict.ts';
import { createWorld, DOMAIN, TOKEN, type World } from '../../src/lab/campaign/world.ts';
import { openStore } from '../../src/store/db/open.ts';
import { eachDatabase, freshDatabase } from '../support/stores.ts';

async function queue({ front }: World, to: string): Promise<void> {
  const answer = await fetch(`${front.url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`api:${TOKEN}`).toString('base64')}` },
    body: new URLSearchParams({ from: `team@${DOMAIN}`, to, subject: 'Hi', text: 'Hi' }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

async function run(world: World, args: readonly string[]): Promise<void> {
  const command = startProcess(args, world.env);
  const { code } = await command.ended;
  assert.equal(code, 0, command.lines.join('\n'));
}

eachDatabase(
  'of mail that was queued before, during and after a backup none arrives twice after a restore',
  async (t, database, kind) => {
    const world = await createWorld({ database, env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
    t.after(() => world.close());
    const folder = join(world.folder, 'backups');
    mkdirSync(folder);
    world.env['BACKUP_DIR'] = folder;
    await run(world, ['migrate']);
    const daemon = await world.start();
    const sent: string[] = [];
    const send = async (some: number) => {
      for (let n = 0; n < some; n++) {
        const to = `p${sent.length}@inbox.test`;
        await queue(world, to);
        sent.push(to);
      }
    };
    await send(30);
    const before = [...sent];
    let isOver = false;
    const backup = run(world, ['backup']).finally(() => {
      isOver = true;
    });
    while (!isOver) await send(1);
    await backup;
    await send(20);
    await daemon.kill();
    const url = await freshDatabase(t, kind);
    await run(world, ['restore', 'latest', '--to', url]);
    const restored = await world.start({ DATABASE_URL: url });
    await settled(world.front.url, 90_000);
    const copies = new Map(sent.map((to) => [to, copiesOf(world, to)]));
    assert.deepEqual(
      [...copies].filter(([, n]) => n > 1),
      [],
    );
    assert.deepEqual(
      before.filter((to) => copies.get(to) !== 1),
      [],
      'what was queued before the backup has arrived',
    );
    await restored.kill();
    const store = openStore(url);
    t.after(store.close);
    const rows: { recipient: string; state: string }[] = await store.db('deliveries').select('recipient', 'state');
    assert.ok(rows.length >= before.length);
    assert.deepEqual(
      rows.filter(({ state }) => state !== 'delivered'),
      [],
    );
  },
);
