import type { IncomingHttpHeaders } from 'node:http';
import { fieldOf, readBody } from '../../lab/sim/form.ts';
import { readMessageId } from '../../mail/message-id.ts';

/** A request on its way to the provider. */
export type Call = { method: string; path: string; headers: IncomingHttpHeaders; body: Buffer };

/** A call that hands a mail over. */
export type MailCall = {
  messageId: string;
  domain: string;
  /** Whom it names anywhere, as written. */
  recipients: readonly string[];
  /** What it says of test mode, wherever it says so; a file of that name is told by its own name. */
  testMode: readonly string[];
};

const MAIL_PATH = /^\/v3\/([^/?]+)\/messages(?:\.mime)?(?:\?|$)/;

export const isMailCall = ({ method, path }: Pick<Call, 'method' | 'path'>): boolean =>
  method === 'POST' && MAIL_PATH.test(path);

export function mailIn({ path, headers, body }: Call): MailCall {
  const form = readBody(body, headers['content-type'] ?? '', undefined);
  const isTestMode = (name: string) => name.toLowerCase() === 'o:testmode';
  return {
    messageId: readMessageId(fieldOf(form, 'h:Message-Id') ?? '') ?? '',
    domain: decodeURIComponent(MAIL_PATH.exec(path)?.[1] ?? ''),
    recipients: ['to', 'cc', 'bcc'].flatMap((name) => form.fields[name] ?? []),
    testMode: [
      ...Object.entries(form.fields).flatMap(([name, values]) => (isTestMode(name) ? values : [])),
      ...Object.keys(form.files).filter(isTestMode),
    ],
  };
}
