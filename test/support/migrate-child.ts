// Run by tests as a process of its own: migrates the database it is given and prints the names of what it ran.
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore } from '../../src/store/db/open.ts';

const store = openStore(process.argv[2] ?? '');
const names = await migrate(store.db);
await store.close();
console.log(JSON.stringify(names));
