import { type Moody, startMoody } from './moody.ts';

export type SimSlack = Moody & { hook: string; texts: string[] };

/** A stand-in for an incoming webhook of Slack. */
export async function startSimSlack(secret = 'T0001/B0001/xxxxSecretxxxx'): Promise<SimSlack> {
  const texts: string[] = [];
  const path = `/services/${secret}`;
  const moody = await startMoody((asked, response) => {
    if (asked.path !== path) return void response.writeHead(404).end('no_service');
    const { text } = JSON.parse(asked.body) as { text?: unknown };
    if (typeof text !== 'string' || text === '') return void response.writeHead(400).end('no_text');
    texts.push(text);
    response.writeHead(200).end('ok');
  });
  return { ...moody, hook: moody.url + path, texts };
}
