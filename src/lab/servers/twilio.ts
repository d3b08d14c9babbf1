import type { ServerResponse } from 'node:http';
import { type Moody, startMoody } from './moody.ts';

export type SentSms = { to: string; from: string; text: string };

export type SimTwilio = Moody & {
  sms: SentSms[];
  /** Numbers that nothing can be sent to. */
  unreachable: Set<string>;
};

/** A stand-in for the messages of Twilio's API, for one account and its token. */
export async function startSimTwilio(account: string, token: string): Promise<SimTwilio> {
  const sms: SentSms[] = [];
  const unreachable = new Set<string>();
  const login = `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}`;
  const moody = await startMoody(({ method, path, headers, body }, response) => {
    if (method !== 'POST' || path !== `/2010-04-01/Accounts/${account}/Messages.json`)
      return refuse(response, 404, 20404, 'The requested resource was not found');
    if (headers.authorization !== login) return refuse(response, 401, 20003, 'Authenticate');
    const form = new URLSearchParams(body);
    const [to, text] = [form.get('To') ?? '', form.get('Body') ?? ''];
    const from = form.get('From') ?? form.get('MessagingServiceSid') ?? '';
    if (from === '' || text === '')
      return refuse(response, 400, 21602, "A 'From' phone number and a 'Body' are required");
    if (unreachable.has(to)) return refuse(response, 400, 21211, `Invalid 'To' Phone Number: ${to}`);
    sms.push({ to, from, text });
    json(response, 201, { sid: `SM${'0'.repeat(32)}`, status: 'queued', to, from, body: text });
  });
  return { ...moody, sms, unreachable };
}

const refuse = (response: ServerResponse, status: number, code: number, message: string): void =>
  json(response, status, { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });

const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
