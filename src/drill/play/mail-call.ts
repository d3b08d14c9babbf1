import type { IncomingHttpHeaders } from 'node:http';
import { fieldOf, readBody } from '../../lab/sim/form.ts';
import { canonicalId } from './message-id.ts';

/** A request on its way to the provider. */
export type Call = { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer };

/** A call that hands a mail over: whom it names anywhere, as written. */
export type MailCall = { messageId: string; domain: string; recipients: readonly string[] };

const MAIL_PATH = /^\/v3\/([^/?]+)\/messages(?:\.mime)?(?:\?|$)/;

export const isMailCall = ({ method, path }: Pick<Call, 'method' | 'path'>): boolean =>
  method === 'POST' && MAIL_PATH.test(path);

export function mailIn({ path, headers, body }: Call): MailCall {
  const form = readBody(body, headers['content-type'] ?? '', undefined);
  const lists = ['to', 'cc', 'bcc'].flatMap((name) => form.fields[name] ?? []);
  return {
    messageId: canonicalId(fieldOf(form, 'h:Message-Id') ?? ''),
    domain: decodeURIComponent(MAIL_PATH.exec(path)?.[1] ?? ''),
    recipients: lists,
  };
}
