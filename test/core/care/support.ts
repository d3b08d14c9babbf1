import type { Dns, Found } from '../../../src/core/care/dns.ts';

type Given = {
  txt?: readonly string[];
  a?: readonly string[];
  mx?: readonly string[];
  cname?: string;
  ptr?: readonly string[];
};

/** A DNS that knows these names and no others; of those given as null nobody can tell. */
export function dnsOf(names: Readonly<Record<string, Given | null>>): Dns & { asked: string[] } {
  const asked: string[] = [];
  const answer = async <T>(name: string, values: (given: Given) => readonly T[] | undefined): Promise<Found<T>> => {
    asked.push(name);
    const given = names[name];
    if (given === null) return { kind: 'unsure', why: 'the DNS server did not answer in time' };
    const found = given && values(given);
    return found && found.length > 0 ? { kind: 'found', values: found } : { kind: 'none' };
  };
  return {
    asked,
    txt: (name) => answer(name, ({ txt }) => txt),
    addresses: (name) => answer(name, ({ a }) => a),
    mailHosts: (name) => answer(name, ({ mx }) => mx?.map((host) => ({ host, priority: 10 }))),
    alias: (name) => answer(name, ({ cname }) => (cname === undefined ? [] : [cname])),
    reverse: (ip) => answer(ip, ({ ptr }) => ptr),
  };
}
