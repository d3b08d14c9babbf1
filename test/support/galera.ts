import { after } from 'node:test';
import { type Galera, startGalera } from '../../src/lab/servers/galera.ts';
import { createMigrated } from '../../src/lab/servers/mariadb.ts';

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
  await createMigrated(cluster, name);
  return name;
}
