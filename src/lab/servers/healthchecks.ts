import { type Moody, startMoody } from './moody.ts';

export type Ping = { signal: 'start' | 'success' | 'fail'; run: string | null; said: string };

export type SimHealthchecks = Moody & { check: string; pings: Ping[] };

/** A stand-in for one check of Healthchecks. */
export async function startSimHealthchecks(id = '073305d2-3582-4dd6-b6a3-425e88583ca2'): Promise<SimHealthchecks> {
  const pings: Ping[] = [];
  const moody = await startMoody(({ path, query, body }, response) => {
    const [, uuid, signal = 'success'] = path.split('/');
    if (uuid !== id || !['start', 'success', 'fail'].includes(signal))
      return void response.writeHead(404).end('not found');
    pings.push({ signal: signal as Ping['signal'], run: query.get('rid'), said: body });
    response.writeHead(200).end('OK');
  });
  return { ...moody, check: `${moody.url}/${id}`, pings };
}
