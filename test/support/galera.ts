import { after } from 'node:test';
import { type Galera, startGalera } from '../../src/lab/servers/galera.ts';
import { createDatabase, createMigrated } from '../../src/lab/servers/mariadb.ts';

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

const nextName = () => `homing_${++made}`;

/** A database with all tables, on all nodes; returns its name. */
export async function databaseOf(cluster: Galera): Promise<string> {
  const name = nextName();
  await createMigrated(cluster, name);
  await broughtUp(cluster);
  return name;
}

/** The same without tables. */
export async function emptyDatabaseOf(cluster: Galera): Promise<string> {
  const name = nextName();
  await createDatabase(cluster, name);
  await broughtUp(cluster);
  return name;
}

/** A statement waits until its node has what was committed on any; whoever connects to a new database does not wait. */
async function broughtUp(cluster: Galera): Promise<void> {
  for (const node of cluster.nodes) await node.ask('select 1');
}
