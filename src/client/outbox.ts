import { DEFAULT_CLASS } from '../core/message-class.ts';
import { describe, snapshot } from './describe.ts';
import { HomingError } from './homing-error.ts';
import type { MessageRecord } from './record.ts';
import type { Outbox, Queued, Sent } from './types.ts';

/** The outbox, and the side of it that the wrappers write to. */
export type OutboxSink = {
  outbox: Outbox;
  take(how: 'mailgun' | 'queue', domain: string, data: object): Promise<Queued>;
  /** Keeps what a transport would have sent, or throws what a test asked for. */
  keep(how: Sent['how'], record: MessageRecord, data: Readonly<Record<string, unknown>>): void;
};

type Wanted = NonNullable<Parameters<Outbox['only']>[0]>;

export function createOutbox(classes: readonly string[]): OutboxSink {
  let sent: Sent[] = [];
  let failures: unknown[] = [];

  function keep(how: Sent['how'], record: MessageRecord, data: Readonly<Record<string, unknown>>): void {
    if (failures.length > 0) throw failures.shift();
    const { messageId, domain, from, to, subject, class: kind, key } = record;
    sent.push({ how, messageId, domain, from, recipients: [...to], subject, class: kind ?? DEFAULT_CLASS, key, data });
  }

  const outbox: Outbox = {
    get sent() {
      return sent;
    },
    to: (recipient) => sent.filter((one) => isTo(one, recipient)),
    only(wanted = {}) {
      const found = sent.filter((one) => fits(one, wanted));
      const [first] = found;
      if (found.length === 1 && first) return first;
      throw new Error(`expected one message ${wordsOf(wanted)}, found ${found.length} of ${sent.length} sent`);
    },
    failNext: (error) => void failures.push(error),
    clear() {
      sent = [];
      failures = [];
    },
  };
  return {
    outbox,
    async take(how, domain, data) {
      const { record, problems } = await describe(domain, snapshot(data), { now: Date.now(), classes });
      if (!record) throw new HomingError('invalid', problems.join('; '));
      keep(how, record, snapshot(data));
      return { status: 200, id: `<${record.messageId}>`, message: 'Queued. Thank you.' };
    },
    keep,
  };
}

const isTo = (one: Sent, recipient: string): boolean =>
  one.recipients.some((address) => address.toLowerCase() === recipient.toLowerCase());

function fits(one: Sent, { to, subject, class: kind, key }: Wanted): boolean {
  if (to !== undefined && !isTo(one, to)) return false;
  if (typeof subject === 'string' && one.subject !== subject) return false;
  if (subject instanceof RegExp && !subject.test(one.subject ?? '')) return false;
  return (kind === undefined || one.class === kind) && (key === undefined || one.key === key);
}

const wordsOf = (wanted: Wanted): string => {
  const parts = Object.entries(wanted).map(([name, value]) => `${name} ${String(value)}`);
  return parts.length > 0 ? `with ${parts.join(', ')}` : 'in all';
};
