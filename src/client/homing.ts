import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../base/errors.ts';
import { openSpool } from '../base/spool.ts';
import { MINUTE, SECOND } from '../core/time.ts';
import type { Backend } from './backend.ts';
import { formFrom } from './form-from.ts';
import { wrapMailgun } from './mailgun.ts';
import { createOutbox, type OutboxSink } from './outbox.ts';
import { harmless, warner } from './problems.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { openRemote } from './remote.ts';
import { tracking } from './track.ts';
import { wrapTransport } from './transport.ts';
import type { Homing, HomingOptions, MailgunLike, Queued, TakesHoming } from './types.ts';

const PATIENCE = 250;
const PAUSE = 5 * SECOND;
const SPOOL_BYTES = 16 * 1024 * 1024;

/** Starts nothing and opens nothing until it is used. */
export function createHoming(options: HomingOptions): Homing {
  const place = placeOf(options);
  const onProblem = harmless(options.onProblem ?? warner(Date.now));
  const backend = once(() => openBackend(place, options));
  const recorder = once(() => openRecorder(options, backend, onProblem));
  let outbox: OutboxSink | null = null;
  let closed = false;
  const track = tracking({ recorder, now: Date.now, onProblem });
  const send: typeof track = (domain, data, call) =>
    outbox ? outbox.take('mailgun', String(domain), data) : track(domain, data, call);
  const deliver = (client: MailgunLike) => wrapMailgun(client, send).messages.create as Deliver;
  /** Loading the database's side takes longer than a send may wait: whoever wraps something is going to send. */
  const warmUp = () => void setImmediate(() => (outbox || closed ? null : backend().catch(() => null)));

  return {
    wrapMailgun(client) {
      warmUp();
      return wrapMailgun(client, send);
    },
    wrapTransport(transporter, how) {
      warmUp();
      const tracked = wrapTransport(transporter, { ...how, recorder, outbox: () => outbox, now: Date.now, onProblem });
      // What it takes besides, nodemailer hands to us as it is.
      return tracked as typeof tracked & TakesHoming<typeof tracked>;
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
    async cancel(which) {
      if (outbox) return 0;
      await recorder.opened()?.catchUp();
      return (await backend()).cancel(which);
    },
    async status(id) {
      if (outbox) return null;
      await recorder.opened()?.catchUp();
      return (await backend()).status(id);
    },
    testing() {
      outbox ??= createOutbox();
      return outbox.outbox;
    },
    counts: () => recorder.opened()?.counts() ?? { recorded: 0, spooled: 0, filed: 0, lost: 0 },
    flush: async () => recorder.opened()?.flush(),
    async close() {
      closed = true;
      await recorder.opened()?.close();
      // What could not be opened need not be closed.
      const opened = await backend.opened()?.catch(() => null);
      await opened?.close();
    },
  };
}

type Deliver = (domain: string, data: object) => Promise<Queued>;

type Place = { url: string; token: string } | { database: string };

/** Where records go. Throws an error that names all that is wrong with the options. */
function placeOf(options: HomingOptions): Place {
  const { url, token, database, encryptionKey } = { url: '', token: '', database: '', ...options };
  const problems: string[] = [];
  if (url) {
    if (!URL.canParse(url) || !/^https?:/.test(url)) problems.push('url must be an http(s) URL');
    if (!token) problems.push('token must be one of the API_TOKENS of the daemon');
  } else if (!/^(sqlite:.|(mysql|mariadb):\/\/.)/.test(database ?? '')) {
    problems.push('database must be sqlite:./file or mysql://user:pass@host:3306/database, or url and token be given');
  }
  const { patience = PATIENCE } = options;
  if (!(patience >= 0 && patience <= MINUTE)) problems.push('patience must be a number of ms from 0 to 60000');
  if (encryptionKey !== undefined && !/^[0-9a-fA-F]{64}$/.test(encryptionKey))
    problems.push('encryptionKey must be 64 hex digits');
  if (problems.length > 0) throw new AppError('invalid', problems.join('; '), problems);
  return url ? { url, token: token ?? '' } : { database: database ?? '' };
}

/** The database's side is loaded when it is used: with `url` nothing of it is ever needed. */
async function openBackend(place: Place, options: HomingOptions): Promise<Backend> {
  if ('url' in place) return openRemote(place);
  const { openDatabase } = await import('./database.ts');
  const env = 'env' in options && options.env ? options.env : {};
  return openDatabase({ ...place, env, encryptionKey: options.encryptionKey ?? env['ENCRYPTION_KEY'] ?? null });
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
    ready: backend,
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
