/** What is known of a name: an answer, the answer that there is none, or neither. Only the second says that something is missing. */
export type Found<T> =
  | { kind: 'found'; values: readonly T[] }
  | { kind: 'none' }
  /** `why` ends a sentence: "the server did not answer in time". */
  | { kind: 'unsure'; why: string };

export type MailHost = { host: string; priority: number };

/** Questions to the DNS. Names have no dot at their end, and neither have the names in answers, which are in lower case. */
export type Dns = {
  /** Each record with its strings put together. */
  txt(name: string): Promise<Found<string>>;
  /** Both kinds of addresses. */
  addresses(name: string): Promise<Found<string>>;
  mailHosts(name: string): Promise<Found<MailHost>>;
  alias(name: string): Promise<Found<string>>;
  /** The names of an address. */
  reverse(ip: string): Promise<Found<string>>;
};

/** A record to publish. */
export type DnsRecord = { name: string; type: string; value: string };

/** A record that mail of a domain needs, as a provider wants it. */
export type NeededRecord = DnsRecord & { use: 'SPF' | 'DKIM' | 'tracking' | 'MX' };

/**
 * How it is with something: `bad` costs mail, `note` is worth a look, and `unsure` says that nobody could tell: it is never
 * taken for missing.
 */
export type Level = 'good' | 'note' | 'bad' | 'unsure';

export type Topic = 'DNS' | 'SPF' | 'DKIM' | 'DMARC' | 'alignment' | 'MX' | 'tracking' | 'reverse name';

/** One thing that was looked at. Topic and `about` together name it from one look to the next. */
export type DnsFinding = {
  topic: Topic;
  /** A domain or an address, with a provider where it is about one. */
  about: string;
  level: Level;
  /** What is so, in a sentence without its end. */
  says: string;
  /** What to publish, where that mends it. */
  publish: readonly DnsRecord[];
};

export const unsureOf = (topic: Topic, about: string, what: string, why: string): DnsFinding => ({
  ...{ topic, about, level: 'unsure', publish: [] },
  says: `${what} could not be looked up: ${why}`,
});

/** A name as answers have it. */
export const plainName = (name: string): string => name.toLowerCase().replace(/\.$/, '');
