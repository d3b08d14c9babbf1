import { type ApiUrlKind, badUrl, isSecret, PLAIN, parseApiUrl } from '../common/api-url.ts';

/**
 * `mailersend://TOKEN@api.mailersend.com?signing=SECRET`, token and secret percent-encoded. Switches:
 *
 * - `signing=`: what the webhooks are signed with; several times while it is being changed, or where each of several
 *   domains has a webhook of its own. `secret=` is the same by another name;
 * - `headers=1`: the plan of the account allows headers of one's own (Professional and Enterprise).
 */
export type MailersendUrl = { token: string; secrets: readonly string[]; keepsHeaders: boolean; apiUrl: string };

const KIND: ApiUrlKind = {
  scheme: 'mailersend',
  provider: 'MailerSend',
  key: 'token',
  switches: ['signing', 'secret', 'headers'],
  shape: 'mailersend://TOKEN@api.mailersend.com?signing=SECRET',
};

export function parseMailersendUrl(text: string): MailersendUrl {
  const { key: token, apiUrl, valuesOf } = parseApiUrl(text, KIND);
  const secrets = ['signing', 'secret'].flatMap(valuesOf);
  if (!secrets.every(isSecret)) throw badUrl(KIND, `its signing secret ${PLAIN}`);
  return { token, secrets, keepsHeaders: keepsHeaders(valuesOf('headers')), apiUrl };
}

function keepsHeaders([given = '0', ...others]: readonly string[]): boolean {
  if (others.length === 0 && (given === '0' || given === '1')) return given === '1';
  throw badUrl(KIND, 'the switch "headers" must be "1"');
}
