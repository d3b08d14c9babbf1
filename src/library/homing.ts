import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SECOND } from '../core/time.ts';
import { AppError } from '../errors.ts';
import { openSpool } from '../spool.ts';
import type { Backend } from './backend.ts';
import { formFrom } from './form-from.ts';
import { wrapMailgun } from './mailgun.ts';
import { createOutbox, type OutboxSink } from './outbox.ts';
import { createRecorder, type Recorder, warner } from './recorder.ts';
import { openRemote } from './remote.ts';
import { tracking } from './track.ts';
import { wrapTransport } from './transport.ts';
import type { Homing, HomingOptions, MailgunLike, Queued } from './types.ts';

const PATIENCE = 250;
const PAUSE = 5 * SECOND;
const SPOOL_BYTES = 16 * 1024 * 1024;

/** Starts nothing and opens nothing until it is used. */
export function createHoming(options: HomingOptions): Homing {
  checkOptions(options);
  const onProblem = options.onProblem ?? warner(Date.now);
  const backend = once(() => openBackend(options));
  const recorder = once(() => openRecorder(options, backend, onProblem));
  let outbox: OutboxSink | null = null;
  const track = tracking({ recorder, now: Date.now, onProblem });
  const send: typeof track = (domain, data, call) =>
    outbox ? outbox.take('mailgun', domain, data) : track(domain, data, call);
  const deliver = (client: MailgunLike) => wrapMailgun(client, send).messages.create as Deliver;
  /** Loading the database's side takes longer than a send may wait: whoever wraps something is going to send. */
  const warmUp = () => void setImmediate(() => (outbox ? null : backend().catch(() => null)));

  return {
    wrapMailgun(client) {
      warmUp();
      return wrapMailgun(client, send);
    },
    wrapTransport(transporter, how) {
      warmUp();
      return wrapTransport(transporter, { ...how, recorder, outbox: () => outbox, now: Date.now, onProblem });
    },
    async deliverNow(domain, data) {
      if (outbox) return (await outbox.take('mailgun', domain, data)) as Queued;
      if (!options.mailgun) throw new AppError('invalid', 'deliverNow needs the option `mailgun`: a mailgun.js client');
      return deliver(options.mailgun)(domain, data);
    },
    async deliverLater(domain, data) {
      if (outbox) return (await outbox.take('queue', domain, data)) as Queued;
      return (await backend()).queue(domain, await formFrom(data));
    },
    cancel: async (which) => (outbox ? 0 : (await backend()).cancel(which)),
    status: async (id) => (outbox ? null : (await backend()).status(id)),
    testing() {
      outbox ??= createOutbox();
      return outbox.outbox;
    },
    counts: () => recorder.opened()?.counts() ?? { recorded: 0, spooled: 0, filed: 0, lost: 0 },
    flush: async () => recorder.opened()?.flush(),
    async close() {
      await recorder.opened()?.close();
      // What could not be opened need not be closed.
      const opened = await backend.opened()?.catch(() => null);
      await opened?.close();
    },
  };
}

type Deliver = (domain: string, data: object) => Promise<Queued>;

function checkOptions(options: HomingOptions): void {
  const problems: string[] = [];
  if ('url' in options) {
    if (!URL.canParse(options.url) || !/^https?:/.test(options.url)) problems.push('url must be an http(s) URL');
    if (!options.token) problems.push('token must be one of the API_TOKENS of the daemon');
  } else if (!/^(sqlite:.|(mysql|mariadb):\/\/.)/.test(options.database ?? '')) {
    problems.push('database must be sqlite:./file or mysql://user:pass@host:3306/database, or url and token be given');
  }
  if (options.encryptionKey !== undefined && !/^[0-9a-fA-F]{64}$/.test(options.encryptionKey))
    problems.push('encryptionKey must be 64 hex digits');
  if (problems.length > 0) throw new AppError('invalid', problems.join('; '), problems);
}

/** The database's side is loaded when it is used: with `url` nothing of it is ever needed. */
async function openBackend(options: HomingOptions): Promise<Backend> {
  if ('url' in options) return openRemote(options);
  const { openDatabase } = await import('./database.ts');
  const env = options.env ?? {};
  return openDatabase({
    database: options.database,
    env,
    encryptionKey: options.encryptionKey ?? env['ENCRYPTION_KEY'] ?? null,
  });
}

function openRecorder(
  options: HomingOptions,
  backend: () => Promise<Backend>,
  onProblem: Parameters<typeof createRecorder>[0]['onProblem'],
): Recorder {
  const { folder, maxBytes = SPOOL_BYTES, pause = PAUSE } = options.spool ?? {};
  const spool = openSpool(
    folder === undefined
      ? { folder: join(tmpdir(), `homing-spool-${process.getuid?.() ?? 'user'}`), maxBytes, shared: true }
      : { folder, maxBytes },
  );
  return createRecorder({
    take: async (records) => (await backend()).record(records),
    spool,
    patience: options.patience ?? PATIENCE,
    pause,
    onProblem,
    monotonic: () => performance.now(),
  });
}

/** Makes it at the first call; `opened` looks without making it. */
function once<T>(make: () => T): (() => T) & { opened(): T | null } {
  let made: { value: T } | null = null;
  const get = () => {
    made ??= { value: make() };
    return made.value;
  };
  return Object.assign(get, { opened: () => made?.value ?? null });
}
