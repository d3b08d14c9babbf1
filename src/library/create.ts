import { resolve } from 'node:path';
import type { Place } from '../client/backend.ts';
import { homingAt } from '../client/homing.ts';
import { commonProblems, given, refuse, remoteProblems } from '../client/options.ts';
import { daemonAt } from '../client/remote.ts';
import type { Homing, RemoteOptions } from '../client/types.ts';
import { databaseProblem, FORM, parseDatabaseUrl, placeOf } from '../store/db/url.ts';
import type { DatabaseOptions, HomingOptions } from './types.ts';

/** Starts nothing and opens nothing until it is used. Throws a `HomingError` that names all that is wrong with the options. */
export function createHoming(options: HomingOptions): Homing {
  const known: Partial<RemoteOptions & DatabaseOptions> = given(options, '{ url, token } or { database }');
  refuse([...placeProblems(known), ...commonProblems(known)]);
  return homingAt(known.url ? daemonAt(known as RemoteOptions) : databaseAt(known), known);
}

type Given = Partial<RemoteOptions & DatabaseOptions>;

function placeProblems(given: Given): string[] {
  if (given.url && given.database) return ['url and database are two places for the records: give one of them'];
  return given.url ? remoteProblems({ url: given.url, token: given.token }) : databaseProblems(given);
}

const KEYS = /^\s*[0-9a-fA-F]{64}\s*(,\s*[0-9a-fA-F]{64}\s*)*$/;

function databaseProblems({ database, encryptionKey }: Given): string[] {
  const problem = typeof database === 'string' ? databaseProblem(database.trim()) : FORM;
  const isKey = encryptionKey === undefined || KEYS.test(encryptionKey);
  return [
    ...(problem === null ? [] : [`database ${problem}, or url and token be given`]),
    ...(isKey ? [] : ['encryptionKey must be 64 hex digits, or a comma list of such keys']),
  ];
}

function databaseAt({ database: given = '', encryptionKey, env = {} }: Given): Place {
  // Files with secrets end with a line end.
  const database = given.trim();
  return {
    name: nameOf(database),
    async open() {
      // Loaded at the first use: with `url` it is never needed.
      const { openDatabase } = await import('./database.ts');
      return openDatabase({ database, encryptionKey: encryptionKey ?? env['ENCRYPTION_KEY'] ?? null });
    },
  };
}

/**
 * A name that is the same for every process that uses this database, whatever user and password it has, and in which order
 * it names its servers. Folders on disk are named by it.
 */
function nameOf(database: string): string {
  if (database.startsWith('sqlite:')) return `sqlite:${resolve(database.replace(/^sqlite:(\/\/)?/, ''))}`;
  const place = parseDatabaseUrl(database);
  if (place.kind === 'mysql' && place.others.length > 0)
    return `mysql://${[place, ...place.others].map(placeOf).sort().join(',')}/${place.database}`;
  const { hostname, port, pathname } = new URL(database);
  return `mysql://${hostname}:${port || '3306'}${pathname}`;
}
