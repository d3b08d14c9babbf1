// Run by tests as a process of its own: migrates the database it is given and prints the names of what it ran. With a
// number it kills itself right before that statement, counted from 1.
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore } from '../../src/store/db/open.ts';

const [url = '', fatal] = process.argv.slice(2);
const store = openStore(url);
let statements = 0;
store.db.on('query', () => {
  if (++statements === Number(fatal)) process.kill(process.pid, 'SIGKILL');
});
const names = await migrate(store.db);
await store.close();
console.log(JSON.stringify(names));
