import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../base/ids.ts';
import { openSpool } from '../base/spool.ts';
import { traced } from '../base/tracing.ts';
import { SECOND } from '../core/time.ts';
import type { Backend, Place } from './backend.ts';
import { checkKey, checkMessage, checkWhich, invalid, isText } from './check.ts';
import { homingErrorOf } from './errors.ts';
import { formFrom } from './form-from.ts';
import { HomingError } from './homing-error.ts';
import { type Lazy, lazy, type Opener, opener } from './lazy.ts';
import { wrapMailgun } from './mailgun.ts';
import { createOutbox, type OutboxSink } from './outbox.ts';
import { harmless, type OnProblem, warner } from './problems.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { tracking } from './track.ts';
import { wrapTransport } from './transport.ts';
import type { CommonOptions, Homing, Queued, TakesHoming } from './types.ts';
import { verifiedWebhook } from './verify-webhook.ts';

const PATIENCE = 250;
const PAUSE = 5 * SECOND;
const SPOOL_BYTES = 16 * 1024 * 1024;

/** What the parts of a `Homing` share. */
type Inside = {
  options: CommonOptions;
  backend: Opener<Backend>;
  recorder: Lazy<Recorder>;
  onProblem: OnProblem;
  /** Set by `testing`. */
  outbox: OutboxSink | null;
  /** Set by `close`. */
  closing: Promise<void> | null;
};

/** Starts nothing and opens nothing until it is used. The options were checked. */
export function homingAt(place: Place, options: CommonOptions): Homing {
  const onProblem = harmless(options.onProblem ?? warner(Date.now));
  const backend = opener(place.open);
  const recorder = lazy(() => openRecorder(place.name, options, backend, onProblem));
  const inside: Inside = { options, backend, recorder, onProblem, outbox: null, closing: null };
  return {
    ...sending(inside),
    ...asking(inside),
    ...keeping(inside),
    verifyWebhook: (headers, body, secret) => verifiedWebhook(headers, body, secret, Date.now()),
  };
}

function openRecorder(place: string, options: CommonOptions, backend: Opener<Backend>, onProblem: OnProblem): Recorder {
  const { folder, maxBytes = SPOOL_BYTES, pause = PAUSE } = options.spool ?? {};
  const own = { folder: folder ?? defaultFolder(place), maxBytes, shared: folder === undefined };
  return createRecorder({
    take: async (records) => (await backend()).record(records),
    ready: backend,
    spool: openSpool(own),
    patience: options.patience ?? PATIENCE,
    pause,
    onProblem,
    monotonic: () => performance.now(),
  });
}

/** A folder for each user and each place that records go to, so that nobody files records of another place. */
const defaultFolder = (place: string): string =>
  join(tmpdir(), `homing-spool-${process.getuid?.() ?? 'user'}-${sha256(place).slice(0, 16)}`);

function sending(inside: Inside): Pick<Homing, 'wrapMailgun' | 'wrapTransport' | 'deliverNow'> {
  const { backend, recorder, onProblem } = inside;
  const { classes = [] } = inside.options;
  const track = tracking({ recorder, classes, now: Date.now, onProblem });
  const send: typeof track = (domain, data, call) =>
    inside.outbox
      ? inside.outbox.take('mailgun', String(domain), data)
      : traced('homing.send', { kind: 'producer', attributes: BY_MAILGUN }, () => track(domain, data, call));
  /**
   * Loads in advance, because loading takes longer than a send may wait, and whoever wraps something is going to send.
   */
  const warmUp = () =>
    void setImmediate(() => (inside.outbox || inside.closing !== null ? null : backend().catch(() => null)));

  return {
    wrapMailgun(client) {
      if (typeof client?.messages?.create !== 'function') throw invalid('wrapMailgun needs a client of mailgun.js');
      warmUp();
      return wrapMailgun(client, send);
    },
    wrapTransport(transporter, how) {
      if (typeof transporter?.sendMail !== 'function') throw invalid('wrapTransport needs a nodemailer transporter');
      warmUp();
      const outbox = () => inside.outbox;
      const tracked = wrapTransport(transporter, { ...how, recorder, classes, outbox, now: Date.now, onProblem });
      // Its `sendMail` passes on the field `homing`, which nodemailer does not know.
      return tracked as typeof tracked & TakesHoming<typeof tracked>;
    },
    async deliverNow(domain, data) {
      checkMessage(domain, data);
      if (inside.outbox) return (await inside.outbox.take('mailgun', domain, data)) as Queued;
      const { mailgun } = inside.options;
      if (!mailgun) throw invalid('deliverNow needs the option `mailgun`: a client of mailgun.js');
      return (wrapMailgun(mailgun, send).messages.create as Deliver)(domain, data);
    },
  };
}

const BY_MAILGUN = { 'homing.by': 'mailgun' };

type Deliver = (domain: string, data: object) => Promise<Queued>;

function asking(inside: Inside): Pick<Homing, 'deliverLater' | 'cancel' | 'status' | 'mayResend'> {
  /** Asks the store, and says in words of ours what went wrong. */
  async function ask<T>(question: (backend: Backend) => Promise<T>): Promise<T> {
    if (inside.closing !== null) throw new HomingError('closed', 'close() was called on this homing: make another one');
    try {
      return await question(await inside.backend());
    } catch (error) {
      throw homingErrorOf(error);
    }
  }
  /** A question whose answer may depend on what waits in the spool. */
  async function askWhenCaughtUp<T>(question: (backend: Backend) => Promise<T>): Promise<T> {
    if (inside.closing === null) await inside.recorder.made()?.catchUp();
    return ask(question);
  }

  return {
    async deliverLater(domain, data) {
      checkMessage(domain, data);
      if (inside.outbox) return (await inside.outbox.take('queue', domain, data)) as Queued;
      const form = await formFrom(data);
      return ask((backend) => backend.queue(domain, form));
    },
    async cancel(which) {
      const wanted = checkWhich(which);
      return inside.outbox ? 0 : askWhenCaughtUp((backend) => backend.cancel(wanted));
    },
    async status(id) {
      if (!isText(id)) throw invalid('status needs the id or the Message-Id of a message');
      return inside.outbox ? null : askWhenCaughtUp((backend) => backend.status(id));
    },
    async mayResend(key) {
      const wanted = checkKey(key);
      if (inside.outbox) return { answer: 'yes', resendAvailableAt: null };
      return askWhenCaughtUp((backend) => backend.mayResend(wanted));
    },
  };
}

function keeping(inside: Inside): Pick<Homing, 'testing' | 'counts' | 'flush' | 'close'> {
  const { recorder, backend } = inside;
  async function close(): Promise<void> {
    // Also when nothing was recorded so far, so that later sends find it closed.
    await recorder().close();
    // If it could not be opened there is nothing to close.
    const opened = await backend.opening()?.catch(() => null);
    await opened?.close();
  }
  return {
    testing() {
      inside.outbox ??= createOutbox(inside.options.classes ?? []);
      return inside.outbox.outbox;
    },
    counts: () => recorder.made()?.counts() ?? { recorded: 0, spooled: 0, filed: 0, lost: 0 },
    flush: async () => recorder.made()?.flush(),
    close: () => (inside.closing ??= close()),
  };
}
