// Mail that was handed over and events about it, for the benches.
import pino from 'pino';
import { classify } from '../../src/classifier/classify.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import type { MessageClass } from '../../src/core/message-class.ts';
import { policyFor } from '../../src/core/policy.ts';
import { handedOver } from '../../src/core/sent.ts';
import type { Ms } from '../../src/core/time.ts';
import type { DigestDeps } from '../../src/inbox/digest.ts';
import { reopen } from '../../src/providers/mailgun/webhook.ts';
import type { Store } from '../../src/store/db/open.ts';
import type { Arrival } from '../../src/store/inbox/inbox.ts';
import { record } from '../../src/store/messages/messages.ts';

export const DOMAIN = 'mail.example.com';
const settings = settingsOf(readConfig({}, 'database'));
const log = pino({ level: 'silent' });

/** A message with these recipients that Mailgun has accepted. */
export type Mail = { messageId: string; class?: MessageClass; recipients: readonly string[]; at: Ms };

/** Records it; returns its id. */
export async function recordMail(store: Store, mail: Mail): Promise<string> {
  const { messageId, class: name = 'notice', recipients, at } = mail;
  const { id } = await record(
    store,
    {
      ...{ messageId, domain: DOMAIN, from: `team@${DOMAIN}`, subject: 'Receipt', class: name, key: null },
      ...{ origin: 'recorded', policy: policyFor(name, settings.policies), recipients, createdAt: at },
      facts: handedOver(at, messageId, 'mailgun'),
    },
    at,
  );
  return id;
}

/** What Mailgun tells of a mail to one recipient; `more` goes into the event. */
export type Told = { name: string; id: string; messageId: string; recipient: string; at: Ms; more?: object };

/** A webhook about it, as the inbox keeps it. */
export function arrivalOf({ name, id, messageId, recipient, at, more }: Told): Arrival {
  const data = {
    ...{ event: 'delivered', id: name, timestamp: at / 1000, recipient, domain: { name: DOMAIN } },
    message: { headers: { 'message-id': messageId } },
    'user-variables': { 'homing-id': id },
    ...more,
  };
  const signature = { timestamp: '1', token: 't', signature: 's' };
  return {
    ...{ provider: 'mailgun', about: null, source: 'webhook', replayKey: name, eventKey: null, receivedAt: at },
    ...{ contentType: 'application/json', body: JSON.stringify({ signature, 'event-data': data }) },
  };
}

export const digesting = (store: Store, now: () => Ms): DigestDeps => ({
  ...{ store, settings, now, log },
  read: (row) => reopen(row.body, row.content_type),
  judge: (bounce) => classify(bounce),
});
