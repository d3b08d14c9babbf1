import { type Calling, callEach, secretsIn } from './call.ts';
import type { AlertChannel, HowToCall } from './channel.ts';
import { smsText } from './sms-text.ts';
import { parseSmsUrl, type SmsTarget } from './sms-url.ts';

/**
 * One SMS to each number. That somebody has taken it is not worth waking anybody. If one number got it, it counts as sent:
 * trying again for the others would send it to that one twice.
 */
export function smsChannel(url: string, { patience }: Pick<HowToCall, 'patience'> = {}): AlertChannel {
  const target = parseSmsUrl(url);
  const recipients = target.to.length > 0 ? target.to : [null];
  return {
    name: 'sms',
    async send(notice) {
      if (notice.turn === 'acknowledged') return [];
      const text = smsText(notice);
      const calling = (to: string | null) => ({ ...callOf(target, to, text), patience });
      return callEach(recipients.map((to) => ({ name: masked(to ?? ''), calling: calling(to) })));
    },
  };
}

/** `+49…78`. */
const masked = (number: string): string => `${number.slice(0, 3)}…${number.slice(-2)}`;

function callOf(target: SmsTarget, to: string | null, text: string): Calling {
  return target.kind === 'twilio' ? twilioCall(target, to ?? '', text) : templateCall(target, to, text);
}

/**
 * A message of Twilio's (twilio.com/docs/messaging/api/message-resource). It is answered with 201 when it was taken; with
 * 429 it was not, and may be sent again.
 */
function twilioCall(target: Extract<SmsTarget, { kind: 'twilio' }>, to: string, text: string): Calling {
  const { user, password, account, from, apiUrl } = target;
  const sender = /^MG[0-9a-f]{32}$/i.test(from) ? { MessagingServiceSid: from } : { From: from };
  return {
    url: `${apiUrl}/2010-04-01/Accounts/${account}/Messages.json`,
    headers: {
      authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ To: to, ...sender, Body: text }).toString(),
    secrets: [password, user, account, to, to.slice(1), from],
    sayings: ({ message, code }) => [typeof message === 'string' ? `${message} (${String(code)})` : null],
  };
}

function templateCall(target: Extract<SmsTarget, { kind: 'template' }>, to: string | null, text: string): Calling {
  const fill = (template: string) =>
    template
      .replaceAll('{to}', () => encodeURIComponent(to ?? ''))
      .replaceAll('{text}', () => encodeURIComponent(text));
  const [address = '', query = ''] = [
    target.url.slice(0, target.url.indexOf('?')),
    target.url.split('?').slice(1).join('?'),
  ];
  const secrets = [...secretsIn(target.url), ...(to === null ? [] : [to, to.slice(1)])];
  const sayings: Calling['sayings'] = ({ error, message, errors }) => [error, message, errors];
  if (target.method === 'GET') return { url: `${address}?${fill(query)}`, method: 'GET', secrets, sayings };
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { url: address, headers, body: fill(query), secrets, sayings };
}
