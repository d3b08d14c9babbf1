import { after } from 'node:test';
import { type Galera, startGalera } from '../../src/lab/servers/galera.ts';
import { createDatabase } from '../../src/lab/servers/mariadb.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore } from '../../src/store/db/open.ts';

let shared: Promise<Galera> | null = null;

/** The cluster of this process, started at the first call and stopped after its last test. */
export function galera(): Promise<Galera> {
  shared ??= startGalera();
  return shared;
}

after(async () => {
  const cluster = await shared?.catch(() => null);
  await cluster?.stop();
});

let made = 0;

/** A database with all tables, on all nodes; returns its name. */
export async function databaseOf(cluster: Galera): Promise<string> {
  const name = `homing_${++made}`;
  await createDatabase({ url: (database) => cluster.url(database) }, name);
  const store = openStore(cluster.url(name));
  await migrate(store.db);
  await store.close();
  return name;
}
