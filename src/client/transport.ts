import { newId } from '../base/ids.ts';
import { type Note, traced } from '../base/tracing.ts';
import { domainOf } from '../core/address.ts';
import type { Clock } from '../core/time.ts';
import { deliveryTimeIn } from '../mail/delivery-time.ts';
import { fieldIn, messageIdOf } from '../mail/headers.ts';
import { newMessageId } from '../mail/message-id.ts';
import { recipientsIn } from '../mail/recipients.ts';
import { isTestMode } from '../mail/test-mode.ts';
import { classFrom, headerOf, keyFrom, plainSubject, subjectOf, traitsOf } from './given.ts';
import { refusalIn as mailgunRefusal, noAnswerIn } from './mailgun.ts';
import { notSent } from './not-sent.ts';
import type { OutboxSink } from './outbox.ts';
import type { MessageRecord, RefusalTold, Told } from './record.ts';
import type { Recorder } from './recorder.ts';
import type { Problem, TransporterLike, TransportOptions } from './types.ts';
import { isWrapped, marked } from './wrapped.ts';

export type TransportDeps = TransportOptions & {
  recorder: () => Recorder;
  /** The names of the application's own classes. */
  classes: readonly string[];
  outbox: () => OutboxSink | null;
  now: Clock;
  onProblem(problem: Problem): void;
};

/** What nodemailer hands to a transport: the data after all plugins, and the message made of it. */
type Mail = {
  data: Record<string, unknown>;
  message: {
    getEnvelope(): { from: string | false; to: string[] };
    messageId(): string;
    setHeader(name: string, value: { prepared: true; value: string }): unknown;
    getHeader?(name: string): unknown;
  };
};
type Info = { accepted?: unknown; rejected?: unknown; rejectedErrors?: unknown; messageId?: unknown };
type Callback = (error: unknown, info?: Info) => void;
type Transport = {
  name?: string;
  options?: { host?: unknown; auth?: { user?: unknown; domain?: unknown } };
  send(mail: Mail, callback: Callback): unknown;
};

/**
 * The transporter, with everything that `sendMail` hands to its transport passing through us. At that point all plugins
 * have run, so the envelope and the Message-Id are those of the mail that leaves. The transporter itself is not
 * changed: a proxy stands before it, and `sendMail`, called on the proxy, finds our transport there.
 */
export function wrapTransport<T extends TransporterLike>(transporter: T, deps: TransportDeps): T {
  if (isWrapped(transporter)) return transporter;
  const shown = transportProxy(transporter.transporter as Transport, deps);
  // Only the property that `sendMail` reads; all others are those of the transporter.
  const get = (target: T, name: string | symbol, receiver: unknown): unknown =>
    name === 'transporter' ? shown : Reflect.get(target, name, receiver);
  return new Proxy(transporter, marked(get));
}

function transportProxy(transport: Transport, deps: TransportDeps): Transport {
  const isMailgun = deps.mailgun ?? leadsToMailgun(transport);
  const send = (mail: Mail, callback: Callback) => sendTraced(transport, mail, callback, { ...deps, isMailgun });
  return new Proxy(transport, {
    get(target, name) {
      if (name === 'send') return send;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function leadsToMailgun({ name, options }: Transport): boolean {
  const host = typeof options?.host === 'string' ? options.host.toLowerCase() : '';
  return name === 'Mailgun' || host === 'mailgun.org' || host.endsWith('.mailgun.org');
}

type Deps = TransportDeps & { isMailgun: boolean };

/** The span ends when the callback was called, and not when its work began. */
function sendTraced(transport: Transport, mail: Mail, callback: Callback, deps: Deps): void {
  const how = { kind: 'producer', attributes: { 'homing.by': 'transport' } } as const;
  const sending = (note: Note) =>
    new Promise<void>((resolve) => {
      const answered: Callback = (...answer) => {
        if (answer[0]) note.fail('refused, or not answered');
        resolve();
        callback(...answer);
      };
      void sendTracked(transport, mail, answered, deps);
    });
  void traced('homing.send', how, sending);
}

async function sendTracked(transport: Transport, mail: Mail, callback: Callback, deps: Deps): Promise<void> {
  const record = tryRecord(mail, transport, deps);
  const outbox = deps.outbox();
  if (outbox) return pretend(outbox, record, mail, callback);
  if (!record) return handOver(transport, mail, callback);
  const recorder = deps.recorder();
  const told = deps.isMailgun
    ? record
    : { ...record, via: String(transport.options?.host ?? transport.name ?? 'smtp') };
  await recorder.before({ ...told, state: 'sending' });
  handOver(transport, mail, (error, info) => {
    for (const part of outcomes(record, error, info)) recorder.after({ ...told, ...part });
    if (info === undefined) callback(error);
    else callback(error, info);
  });
}

/** By now the call of `sendMail` has returned, so an error that the transport throws is given to the callback. */
function handOver(transport: Transport, mail: Mail, callback: Callback): void {
  let answered = false;
  try {
    transport.send(mail, (...answer) => {
      answered = true;
      callback(...answer);
    });
  } catch (error) {
    if (answered) throw error;
    callback(error);
  }
}

function pretend(outbox: OutboxSink, record: MessageRecord | null, mail: Mail, callback: Callback): void {
  try {
    if (record) outbox.keep('transport', record, mail.data);
  } catch (error) {
    callback(error);
    return;
  }
  const envelope = mail.message.getEnvelope();
  callback(null, {
    accepted: envelope.to,
    rejected: [],
    ...{ envelope, messageId: mail.message.messageId(), response: '250 kept for a test' },
  });
}

function tryRecord(mail: Mail, transport: Transport, deps: Deps): MessageRecord | null {
  try {
    return recordOf(mail, transport, deps);
  } catch (error) {
    const detail = `a mail could not be read: ${error instanceof Error ? error.name : 'unknown trouble'}`;
    deps.onProblem({ kind: 'untracked', count: 1, detail });
    return null;
  }
}

/**
 * The domain that Mailgun sends from: the one of the login, as each domain has its own logins
 * (documentation.mailgun.com, "SMTP Relay"), or the one given to nodemailer-mailgun-transport. It is not the one of the
 * sender.
 */
function loginDomain({ options }: Transport): string | null {
  const { user, domain } = options?.auth ?? {};
  if (typeof domain === 'string' && domain !== '') return domain;
  return typeof user === 'string' && user.includes('@') ? domainOf(user) : null;
}

function recordOf(mail: Mail, transport: Transport, deps: Deps): MessageRecord | null {
  const { data, message } = mail;
  const envelope = message.getEnvelope();
  const isApi = deps.isMailgun && transport.name === 'Mailgun';
  const { addresses, misfits } = recipientsIn(isApi ? namedIn(data) : envelope.to);
  if (misfits.length > 0)
    deps.onProblem({ kind: 'untracked', count: misfits.length, detail: 'a recipient of a mail is no plain address' });
  if (addresses.length === 0) return null;
  const from = textOf(data['from']) ?? (envelope.from || '(not given)');
  const domain =
    deps.domain ||
    (deps.isMailgun ? loginDomain(transport) : null) ||
    domainOf(recipientsIn([envelope.from || from]).addresses[0] ?? '');
  const id = newId(deps.now());
  const problems: string[] = [];
  const { kind, key } = takeControls(data, deps.classes, problems);
  for (const detail of problems) deps.onProblem({ kind: 'untracked', count: 1, detail });
  const now = deps.now();
  const said = optionsIn(mail, isApi);
  const deliverAt = deliveryTimeIn(said, now);
  const more = { ...(deliverAt === null ? {} : { deliverAt }), ...(isTestMode(said) ? { test: true as const } : {}) };
  const traits = traitsOf(isApi ? [data['o:tag']].flat() : [said('X-Mailgun-Tag')], isApi ? data['template'] : null);
  const about = { id, domain, from, to: addresses, class: kind, key, createdAt: now, ...traits, ...more };
  if (data['raw'] !== undefined) {
    const header = headerOf(data['raw']);
    const messageId = header && messageIdOf(header);
    if (messageId) return { ...about, messageId, subject: subjectOf(plainSubject(header)) };
    const detail = 'a ready mail without a Message-Id, or as a stream, can not be recognized later: it is not recorded';
    deps.onProblem({ kind: 'untracked', count: 1, detail });
    return null;
  }
  const messageId = isApi ? idForApi(data, domain, id) : markSmtp(mail, id, deps);
  return { ...about, messageId, subject: subjectOf(typeof data['subject'] === 'string' ? data['subject'] : null) };
}

/** The recipients for nodemailer-mailgun-transport: it makes a form of the data and ignores the envelope. */
const namedIn = (data: Record<string, unknown>): string[] =>
  ['to', 'cc', 'bcc'].flatMap((name) => [data[name]].flat().map(textOf)).filter((text) => text !== null);

/** nodemailer-mailgun-transport makes a form of the data, in which these become `h:Message-Id` and our variable. */
function idForApi(data: Record<string, unknown>, domain: string, id: string): string {
  const given = typeof data['messageId'] === 'string' ? data['messageId'] : `<${newMessageId(domain)}>`;
  data['messageId'] = given;
  data['v:homing-id'] = id;
  return bare(given);
}

/** nodemailer gives a mail a Message-Id when it has none, and keeps one that is there. */
function markSmtp({ message }: Mail, id: string, { isMailgun }: Deps): string {
  // A mail that has its own variables is sent unchanged.
  const own = message.getHeader?.('X-Mailgun-Variables');
  if (isMailgun && !own)
    message.setHeader('X-Mailgun-Variables', { prepared: true, value: JSON.stringify({ 'homing-id': id }) });
  return bare(message.messageId());
}

/** An option of the form that it makes, or a header of the mail, which may be ready. */
function optionsIn({ data, message }: Mail, isApi: boolean): (name: string) => string | null {
  const ready = data['raw'] === undefined ? null : headerOf(data['raw']);
  return (name) => {
    const said = isApi ? data[name] : ready ? fieldIn(ready, name) : message.getHeader?.(name);
    if (said === true) return 'yes';
    return typeof said === 'string' && said !== '' ? said : null;
  };
}

const bare = (id: string): string => id.trim().replace(/^<|>$/g, '');

function takeControls(
  data: Record<string, unknown>,
  classes: readonly string[],
  problems: string[],
): { kind: string | null; key: string | null } {
  const { homing } = data as { homing?: { class?: unknown; key?: unknown } | null };
  delete data['homing'];
  return { kind: classFrom(homing?.class, classes, problems), key: keyFrom(homing?.key, problems) };
}

function textOf(value: unknown): string | null {
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value !== 'object' || value === null || !('address' in value)) return null;
  const name = 'name' in value && value.name ? `${String(value.name)} ` : '';
  return `${name}<${String(value.address)}>`;
}

type Part = { to: readonly string[] } & Pick<Told, 'state' | 'error' | 'noAnswer'>;

/**
 * What an answer means for each recipient. An error without a reply of the server changes nothing: the mail may have gone
 * out.
 */
function outcomes(record: MessageRecord, error: unknown, info: Info | undefined): Part[] {
  if (error) {
    const refusal = refusalIn(error);
    return [
      refusal
        ? { to: record.to, state: 'refused', error: refusal }
        : { to: record.to, state: 'sending', noAnswer: noAnswerIn(error) },
    ];
  }
  const rejected = keysOf(info?.rejected);
  const refused = record.to.filter((address) => rejected.has(address.toLowerCase()));
  const taken = record.to.filter((address) => !rejected.has(address.toLowerCase()));
  const errors = Array.isArray(info?.rejectedErrors) ? (info.rejectedErrors as unknown[]) : [];
  const why = errors.map(refusalIn).find((one) => one !== null) ?? REFUSED;
  const parts: Part[] = [];
  if (taken.length > 0) parts.push({ to: taken, state: 'accepted' });
  if (refused.length > 0) parts.push({ to: refused, state: 'refused', error: why });
  return parts;
}

const keysOf = (list: unknown): Set<string> =>
  new Set(Array.isArray(list) ? recipientsIn(list.map(String)).addresses.map((a) => a.toLowerCase()) : []);

/**
 * Used when a server refused a recipient and the transport does not tell its reply: "Transaction failed" (RFC 5321,
 * 4.2.3).
 */
const REFUSED: RefusalTold = { smtp: 554, message: 'the server refused it' };

/**
 * The refusal in an error: a reply with a code of 4xx or 5xx, or the status of mailgun.js if a transport passes it on.
 */
function refusalIn(error: unknown): RefusalTold | null {
  if (typeof error !== 'object' || error === null) return null;
  const code: unknown = 'responseCode' in error ? error.responseCode : null;
  // The words are left out because they may name an address.
  if (typeof code === 'number' && code >= 400 && code < 600) return { smtp: code, message: '' };
  return notSent(error) ?? mailgunRefusal(error);
}
