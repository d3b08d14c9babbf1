// Whether an SQLite file is still the one that was opened, and whole. SQLite itself goes on writing into a file that was
// deleted or replaced, and says that all is well.
import { closeSync, existsSync, openSync, type Stats, statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { stopwatch } from '../../base/wait.ts';
import { type Ms, SECOND } from '../../core/time.ts';

/** What can be found out about the file of a database. */
export type FileWatch = {
  /** What is wrong with it, in words for an operator; null when nothing is. */
  problem(): string | null;
  /** Reads the whole file in a thread of its own, if it is time for that again. */
  inspect(): Promise<void>;
};

export type FileHealth = FileWatch & {
  /** Makes a file that is for nobody else to read; rejects one that is gone, as a new one in its place would be empty. */
  opening(): void;
  opened(connection: object): void;
  /** Throws when what is written now would be lost. */
  guard(connection: object): void;
  /** Notes an error of the driver that tells of the file. */
  failed(error: unknown): void;
};

/** What SQLite's errors about the file mean. */
const WORDS: Readonly<Record<string, string>> = {
  SQLITE_FULL: 'the disk is full',
  SQLITE_IOERR: 'the disk fails (an error of reading or writing)',
  SQLITE_READONLY: 'the database file can not be written',
  SQLITE_CORRUPT: 'the database file is damaged',
  SQLITE_NOTADB: 'the database file is damaged',
};
/** A failed write stands for so long, as a smaller one may succeed on the same full disk. */
const REMEMBERED: Ms = 30 * SECOND;
const LOST = 'the database file was deleted, moved or replaced while it is in use';

/** A file that is written to from several connections has the same log, whichever of them made it. */
type Place = { file: string; log: string | null };

/** `isThere` tells that the file was opened before by somebody else in this process: then it is not made anew. */
export function createFileHealth(file: string, driver: string, isThere: boolean): FileHealth {
  const places = new WeakMap<object, Place>();
  let wasOpen = isThere;
  let lost = false;
  let damage: string | null = null;
  let failure: { words: string; since: () => Ms } | null = null;
  const due = pauses();

  function isLost(place: Place): boolean {
    const log = identity(`${file}-wal`);
    place.log ??= log;
    return identity(file) !== place.file || (place.log !== null && log !== place.log);
  }

  return {
    opening() {
      if (!wasOpen) return makePrivate(file);
      lost = !existsSync(file);
      if (lost) throw trouble('SQLITE_CANTOPEN', LOST);
    },
    opened(connection) {
      wasOpen = true;
      places.set(connection, { file: identity(file) ?? '', log: null });
    },
    guard(connection) {
      const place = places.get(connection);
      lost = place !== undefined && isLost(place);
      if (lost) throw trouble('SQLITE_READONLY_DBMOVED', LOST);
      if (damage !== null) throw trouble('SQLITE_CORRUPT', damage);
    },
    failed(error) {
      const code = String((error as { code?: unknown }).code);
      const known = Object.keys(WORDS).find((name) => code.startsWith(name));
      if (known === undefined || lost) return;
      failure = { words: WORDS[known] ?? '', since: stopwatch() };
      if (known === 'SQLITE_CORRUPT' || known === 'SQLITE_NOTADB') damage ??= failure.words;
    },
    problem() {
      if (lost) return LOST;
      return damage ?? (failure && failure.since() < REMEMBERED ? failure.words : null);
    },
    async inspect() {
      if (!due.begin()) return;
      damage = await damageIn(file, driver).finally(due.end);
    },
  };
}

/** Those that SQLite puts beside it get the same mode. */
function makePrivate(file: string): void {
  try {
    // Never opens one that is there: closing it again would take away the locks of a connection in this process.
    closeSync(openSync(file, 'wx', 0o600));
  } catch {
    // It is there, or can't be made; the driver says why when it opens it.
  }
}

const identity = (path: string): string | null => {
  const stats: Stats | undefined = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.dev}:${stats.ino}` : null;
};

const trouble = (code: string, words: string): Error => Object.assign(new Error(words), { code });

const LEAST_PAUSE: Ms = 15 * SECOND;
/** Reading the file takes a hundredth of the time at most, however large it is. */
const SHARE = 100;

/** Says when it is time again for a work that may take long. */
function pauses() {
  let pause = 0;
  let since = stopwatch();
  let underWay = false;
  return {
    begin(): boolean {
      if (underWay || since() < pause) return false;
      underWay = true;
      since = stopwatch();
      return true;
    },
    end(): void {
      underWay = false;
      pause = Math.max(LEAST_PAUSE, SHARE * since());
    },
  };
}

/** On a connection of its own, as ours would see what it remembers of the file. */
const CHECK = `
const { parentPort, workerData } = require('node:worker_threads');
const { DatabaseSync } = require(workerData.driver);
const db = new DatabaseSync(workerData.file, { readOnly: true });
const rows = db.prepare('PRAGMA quick_check(1)').all();
db.close();
parentPort.postMessage(String(Object.values(rows[0])[0]));`;

/** What is damaged in the file; null when nothing is, or when it could not be read now. */
async function damageIn(file: string, driver: string): Promise<string | null> {
  const said = await new Promise<string>((resolve) => {
    // Without the loaders of this process, which the few lines do not need.
    const worker = new Worker(CHECK, { eval: true, execArgv: [], stderr: true, workerData: { file, driver } });
    worker.unref();
    worker.once('message', resolve);
    worker.once('error', (error) => resolve(/malformed|not a database/.test(error.message) ? error.message : 'ok'));
    worker.once('exit', () => resolve('ok'));
  });
  return said === 'ok' ? null : `${WORDS['SQLITE_CORRUPT']}: ${said.replaceAll(/\s+/g, ' ').slice(0, 200)}`;
}
