import { addressKey } from '../../core/address.ts';
import { formTypeOf } from '../../mail/read-form.ts';
import { recipientsIn } from '../../mail/recipients.ts';
import { type Call, type MailCall, mailIn } from './mail-call.ts';

/** What of a drill may reach a real provider: mail of one domain to these addresses, in test mode, and questions. */
export type Guard = { domain: string; recipients: readonly string[] };

/** The call as it may pass, or why it may not. No address is repeated in the words. */
export function guarded(guard: Guard, call: Call, mail: MailCall | null): Call | string {
  if (!mail) return isQuestion(call) ? call : `${call.method} is no question and no mail`;
  if (mail.domain.toLowerCase() !== guard.domain) return 'a mail of another domain';
  const allowed = new Set(guard.recipients.map(addressKey));
  const { addresses, misfits } = recipientsIn(mail.recipients);
  const isListed = misfits.length === 0 && addresses.length > 0 && addresses.every((to) => allowed.has(addressKey(to)));
  return isListed ? inTestMode(call, mail) : 'a mail to somebody who is not on the list of recipients';
}

/** Mailgun's logs are asked for by a POST. */
const isQuestion = ({ method, path }: Call): boolean =>
  method === 'GET' || (method === 'POST' && /^\/v1\/analytics\/logs(?:\?|$)/.test(path));

/** Mailgun takes such mail, tells of it and charges for it, and never delivers it ("Sending in test mode"). */
function inTestMode(call: Call, { testMode }: MailCall): Call | string {
  const type = formTypeOf(call.headers['content-type'] ?? '');
  if (type === null) return 'a mail that is no form';
  if (testMode.length > 0) return isOn(testMode) ? call : 'a mail that names its test mode itself';
  const field =
    type.kind === 'urlencoded'
      ? 'o:testmode=yes&'
      : `--${type.boundary}\r\nContent-Disposition: form-data; name="o:testmode"\r\n\r\nyes\r\n`;
  const marked = { ...call, body: Buffer.concat([Buffer.from(field), call.body]) };
  return isOn(mailIn(marked).testMode) ? marked : 'a mail in a form that takes no test mode';
}

const isOn = (testMode: readonly string[]): boolean => testMode.length > 0 && testMode.every((one) => one === 'yes');
