// Run by tests as a process of its own: claims deliveries one by one, each only if it is still free, and prints which it won.
import { once } from 'node:events';
import { openStore } from '../../src/store/db/open.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { MORNING } from './clock.ts';
import { claimed } from './factory.ts';

const [url = '', name = '', ...ids] = process.argv.slice(2);
const store = openStore(url);
await store.db('due').first();
console.log('ready');
await once(process.stdin, 'data');
const won: string[] = [];
for (const id of ids) {
  const [after] = await change(store, [id], MORNING, (view) => {
    if (view.delivery.attempt > 0) return [];
    return [claimed(1, MORNING, { lease: name, how: 'send' })];
  });
  if (after?.delivery.attempts[0]?.claim.lease === name) won.push(id);
}
await store.close();
console.log(JSON.stringify(won));
