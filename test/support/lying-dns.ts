import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import DNS2, { type Packet as Message } from 'dns2';

const { Packet } = DNS2;

/** The ways in which a DNS server answers something else than what is so. */
export type Lie =
  | 'nxdomain'
  | 'servfail'
  | 'refused'
  | 'silent'
  | 'wrong id'
  /** Sends others on, and knows nothing itself. */
  | 'lame'
  | 'loop'
  /** Cut off by UDP and whole by TCP; or cut off by both. */
  | 'cut by UDP'
  | 'cut'
  /** An address for everything that is asked. */
  | 'wildcard'
  | 'empty';

/** Records of one name: each kind with its values. MX is written "10 mx.example.com". */
export type Records = Partial<Record<'A' | 'AAAA' | 'TXT' | 'MX' | 'CNAME' | 'PTR' | 'SOA', readonly string[]>>;

export type Zones = Record<string, Records | Lie>;

export type LyingDns = {
  /** As in DNS_SERVERS. */
  server: string;
  /** What it knows; may be changed. */
  zones: Zones;
  /** Of everything, whatever it knows. */
  lie: Lie | null;
  /** `A name` for each question. */
  asked: string[];
};

/**
 * A DNS server on loopback that knows these names and lies as it is told to. Each name that has two labels or one has a zone of
 * its own.
 */
export async function startDns(t: TestContext, zones: Zones = {}): Promise<LyingDns> {
  const dns: LyingDns = { server: '', zones, lie: null, asked: [] };
  const handle =
    (transport: 'udp' | 'tcp') =>
    (request: Message, send: (answer: Message) => void): void => {
      const answer = answerTo(dns, request, transport);
      if (answer) send(answer);
    };
  dns.server = `127.0.0.1:${await listenOnBoth(t, handle)}`;
  return dns;
}

type Handle = (transport: 'udp' | 'tcp') => (request: Message, send: (answer: Message) => void) => void;

/** A port is free for both only by luck, so another is tried when it was not. */
async function listenOnBoth(t: TestContext, handle: Handle): Promise<number> {
  const tcp = DNS2.createTCPServer(handle('tcp'));
  await new Promise<void>((listening) => tcp.listen(0, '127.0.0.1', () => listening()));
  const { port } = tcp.address() as AddressInfo;
  const udp = DNS2.createUDPServer(handle('udp'));
  const isMine = await new Promise<boolean>((settle) => {
    udp.once('error', () => settle(false));
    void udp.listen(port, '127.0.0.1').then(() => settle(true));
  });
  t.after(() => {
    tcp.close();
    if (isMine) udp.close();
  });
  return isMine ? port : listenOnBoth(t, handle);
}

const RCODES: Partial<Record<Lie, number>> = { nxdomain: 3, servfail: 2, refused: 5 };

function answerTo(dns: LyingDns, request: Message, transport: 'udp' | 'tcp'): Message | null {
  const answer = Packet.createResponseFromRequest(request);
  const [question] = request.questions;
  if (!question) return null;
  const name = question.name.toLowerCase();
  const type = Object.entries(Packet.TYPE).find(([, value]) => value === question.type)?.[0] ?? '';
  dns.asked.push(`${type} ${name}`);
  const known = dns.zones[name];
  const lie = dns.lie ?? (typeof known === 'string' ? known : null);
  answer.header.ra = 1;
  if (lie !== null) return lied(lie, { answer, name, type, transport });
  const records = (known ?? {}) as Records;
  if (type === 'SOA' && name.split('.').length <= 2) return withRecords(answer, name, { SOA: ['ns.test'] }, 'SOA');
  if (known === undefined && !isAbove(name, Object.keys(dns.zones)) && name.split('.').length > 1)
    answer.header.rcode = 3;
  return withRecords(answer, name, records, records.CNAME ? 'CNAME' : type);
}

/** Something below it exists, so the name does as well. */
const isAbove = (name: string, names: readonly string[]): boolean => names.some((one) => one.endsWith(`.${name}`));

type Asked = { answer: Message; name: string; type: string; transport: 'udp' | 'tcp' };

function lied(lie: Lie, { answer, name, type, transport }: Asked): Message | null {
  const rcode = RCODES[lie];
  if (rcode !== undefined) answer.header.rcode = rcode;
  if (lie === 'silent') return null;
  if (lie === 'wrong id') answer.header.id = (answer.header.id + 1) % 65_536;
  if (lie === 'wildcard' || lie === 'wrong id') return withRecords(answer, name, { A: ['127.0.0.2'] }, type);
  if (lie === 'lame') {
    answer.header.ra = 0;
    answer.authorities.push({ name, type: Packet.TYPE.NS, class: 1, ttl: 60, ns: 'ns.elsewhere.test' } as never);
  }
  if (lie === 'loop') {
    withRecords(answer, name, { CNAME: [`loop.${name}`] }, 'CNAME');
    return withRecords(answer, `loop.${name}`, { CNAME: [name] }, 'CNAME');
  }
  if (lie === 'cut' || (lie === 'cut by UDP' && transport === 'udp')) answer.header.tc = 1;
  else if (lie === 'cut by UDP') return withRecords(answer, name, { TXT: ['v=spf1 -all'], A: ['127.0.0.2'] }, type);
  return answer;
}

function withRecords(answer: Message, name: string, records: Records, type: string): Message {
  for (const value of records[type as keyof Records] ?? [])
    answer.answers.push({
      ...{ name, type: Packet.TYPE[type as keyof typeof Packet.TYPE], class: 1, ttl: 60 },
      ...dataOf(type, value),
    } as never);
  return answer;
}

function dataOf(type: string, value: string): object {
  switch (type) {
    case 'TXT':
      // A string has 255 octets at most; a record has several of them.
      return { data: value.match(/.{1,255}/gs) ?? [''] };
    case 'MX': {
      const [priority, exchange = ''] = value.split(' ');
      return { priority: Number(priority), exchange };
    }
    case 'SOA':
      return { primary: value, admin: value, serial: 1, refresh: 1, retry: 1, expiration: 1, minimum: 1 };
    case 'CNAME':
    case 'PTR':
      return { domain: value };
    default:
      return { address: value };
  }
}
