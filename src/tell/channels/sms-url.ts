import { isLoopback } from '../../base/loopback.ts';

/** Through whom an SMS goes, and to whom. */
export type SmsTarget =
  | {
      kind: 'twilio';
      /** Of the account, or of an API key of it. */
      user: string;
      password: string;
      account: string;
      /** A number, a name, or a messaging service (`MG…`). */
      from: string;
      to: readonly string[];
      apiUrl: string;
    }
  /** `url` has `{text}` in its query, and `{to}` where there are recipients. */
  | { kind: 'template'; url: string; method: 'GET' | 'POST'; to: readonly string[] };

const SHAPE =
  'twilio://SID:TOKEN@api.twilio.com?from=+1…&to=+49…,+49… or https://sms.example/send?to={to}&text={text}#to=+49…,+49…';

/** Throws with a message that quotes no part of the URL: any piece of it may be secret. */
export function parseSmsUrl(text: string): SmsTarget {
  if (/^twilio:/i.test(text)) return twilioIn(text);
  if (/^https?:/i.test(text)) return templateIn(text);
  throw bad('it must begin with twilio:, https: or http:');
}

const bad = (problem: string): Error => new Error(`${problem} (expected ${SHAPE})`);

const ACCOUNT = /^AC[0-9a-f]{32}$/i;
const USER = /^(?:AC|SK)[0-9a-f]{32}$/i;

function twilioIn(text: string): SmsTarget {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['', '/'].includes(url.pathname) || url.hash !== '') throw bad('it is not a URL of this shape');
  if (!/^(?:[a-z0-9-]+\.)*twilio\.com$/i.test(url.host)) throw bad('its host must be one of twilio.com');
  const { from = '', to = '', account, api } = switchesIn(url.search.slice(1), ['from', 'to', 'account', 'api']);
  const user = decoded(url.username);
  const password = decoded(url.password);
  if (!USER.test(user) || !/^[\x21-\x7e]+$/.test(password))
    throw bad('before the @ must stand the SID of an account or an API key, and its token');
  if (!ACCOUNT.test(account ?? user)) throw bad('with an API key, "account" must be the SID of the account');
  if (!isSender(from)) throw bad('"from" must be a number, a messaging service (MG…) or a name of up to 11 letters');
  const apiUrl = api === undefined ? `https://${url.host.toLowerCase()}` : localOrigin(api);
  return { kind: 'twilio', user, password, account: account ?? user, from, to: numbersIn(to), apiUrl };
}

const isSender = (from: string): boolean =>
  isNumber(from) || /^MG[0-9a-f]{32}$/i.test(from) || /^(?=.*[a-z])[a-z0-9 ]{1,11}$/i.test(from);

function localOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || !isLoopback(url.hostname.replace(/^\[|\]$/g, '')))
    throw bad('the switch "api" must lead to this machine');
  return url.origin;
}

function templateIn(text: string): SmsTarget {
  const [address = '', behind = ''] = text.split('#');
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || url.username !== '' || url.password !== '')
    throw bad('it is not a URL without a user and a password');
  const places: readonly string[] = address.match(/\{[^{}]*\}/g) ?? [];
  const query = address.slice(address.indexOf('?') + 1);
  if (places.some((place) => !['{to}', '{text}'].includes(place) || !query.includes(place)) || !address.includes('?'))
    throw bad('{to} and {text} stand in its query, and there is nothing else in braces');
  if (!places.includes('{text}')) throw bad('{text} must stand in its query');
  const { to, method = 'get' } = switchesIn(behind, ['to', 'method']);
  if (places.includes('{to}') !== (to !== undefined)) throw bad('{to} and the recipients behind the # belong together');
  if (!/^(?:get|post)$/i.test(method)) throw bad('"method" is get or post');
  const isPost = method.toLowerCase() === 'post';
  return { kind: 'template', url: address, method: isPost ? 'POST' : 'GET', to: to === undefined ? [] : numbersIn(to) };
}

/** E.164. */
const isNumber = (text: string): boolean => /^\+[1-9]\d{6,14}$/.test(text);

const MOST_RECIPIENTS = 10;

function numbersIn(text: string): string[] {
  const numbers = text.split(',').map((part) => part.trim());
  if (!numbers.every(isNumber)) throw bad('"to" must be numbers such as +15005550006, with commas between them');
  if (numbers.length > MOST_RECIPIENTS) throw bad(`"to" must be ${MOST_RECIPIENTS} numbers at most`);
  return [...new Set(numbers)];
}

/** Not by URLSearchParams, for which the `+` of a number is a blank. */
function switchesIn<Name extends string>(text: string, known: readonly Name[]): { [_ in Name]?: string } {
  const found: { [_ in Name]?: string } = {};
  for (const part of text.split('&').filter(Boolean)) {
    const [name = '', ...value] = part.split('=');
    const switchName = known.find((one) => one === name);
    if (switchName === undefined || found[switchName] !== undefined)
      throw bad(`it knows the switches ${known.join(', ')}, each once`);
    found[switchName] = decoded(value.join('='));
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw bad('it has a stray %'); // the cause would quote it
  }
}
