import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { keyInTime, sha256, timeOf } from '../../base/ids.ts';
import { canonicalAddress } from '../../core/address.ts';
import type { Sighting } from '../../core/sighting.ts';
import { fieldIn } from '../../mail/headers.ts';
import { MAX_RETURN_PATHS, MAX_RETURNED } from '../../mail/limits.ts';
import { readMime } from '../../mail/read-mime.ts';
import { readReturned } from '../../mail/returned.ts';
import type { Kept, Opened, OpenedEvent } from '../provider.ts';
import { sightingOf } from './event.ts';
import { envelopeIdOf, namedBy, type ReturnPath } from './return-path.ts';

/** Where programs that pass a mail on have the address that it was sent to. */
const RECIPIENT_FIELDS = ['delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to', 'to'];

/**
 * Takes a mail that came back, as a server has it. To whom it was sent, and by whom, stands in the headers
 * `X-Envelope-To` (a comma list) and `X-Envelope-From` of the request, or else in the mail itself. It is genuine by its
 * address, which nobody can make up.
 */
export function openReturned(raw: Buffer, headers: IncomingHttpHeaders, returnPath: ReturnPath, by: string): Opened {
  const genuine = addressesIn(raw, headers).filter((address) => returnPath.read(address) !== null);
  if (genuine.length === 0) return { kind: 'forged', detail: 'it is for no return path of ours' };
  if (genuine.length > MAX_RETURN_PATHS) return { kind: 'unusable', detail: 'it is for too many return paths' };
  if (!isMail(raw)) return { kind: 'unusable', detail: 'it is no mail' };
  const sender = senderIn(headers);
  return { kind: 'events', events: genuine.flatMap((address) => eventOf(raw, { address, sender, by })) };
}

function addressesIn(raw: Buffer, headers: IncomingHttpHeaders): string[] {
  const given = headers['x-envelope-to'];
  const lists = typeof given === 'string' ? [given] : RECIPIENT_FIELDS.map((name) => fieldIn(raw, name) ?? '');
  const addresses = lists.flatMap((list) => list.split(',')).map(addressIn);
  return [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()];
}

/** Characters of an address, with angle brackets around it; a name may stand before them. */
const LONGEST = 300;

const addressIn = (named: string): string => {
  const end = named.slice(-LONGEST).trim();
  return end.slice(end.lastIndexOf('<') + 1).replace(/>$/, '');
};

/** Null when it is not said. */
function senderIn(headers: IncomingHttpHeaders): string | null {
  const given = headers['x-envelope-from'];
  if (typeof given !== 'string') return null;
  const address = given.replace(/[<>\s]/g, '');
  return address === '' ? '' : canonicalAddress(address);
}

const isMail = (raw: Buffer): boolean =>
  ['from', 'to', 'subject', 'date', 'message-id'].some((name) => fieldIn(raw, name) !== null);

const UTF8 = 'message/rfc822; charset=utf-8';
/** Each byte is one character. */
const BYTES = 'message/rfc822; charset=iso-8859-1';

/** Where it was sent to and by whom, and the provider whose mail it was. */
type Envelope = { address: string; sender: string | null; by: string };

/**
 * The mail as it is kept, below the fields in which a server that delivers a mail notes its envelope (RFC 5321, 4.4). What
 * is told twice of one hand-over, in the same words or in others, is one event.
 */
function eventOf(raw: Buffer, { address, sender, by }: Envelope): OpenedEvent[] {
  const mail = raw.subarray(0, MAX_RETURNED);
  const [contentType, encoding] = isUtf8(mail) ? ([UTF8, 'utf8'] as const) : ([BYTES, 'latin1'] as const);
  const envelope = `${sender === null ? '' : `Return-Path: <${sender}>\r\n`}Delivered-To: ${address}\r\n`;
  const body = envelope + mail.toString(encoding).replaceAll('\0', ' ');
  const sighting = reopen({ body, contentType });
  const named = namedBy(address);
  if (!sighting || !named) return [];
  const key = sha256(JSON.stringify([by, envelopeIdOf(named), sighting.report]));
  return [{ replayKey: keyInTime(timeOf(named.deliveryId), key), body, contentType, sighting }];
}

/** Reads a kept mail. Whether its address is genuine was looked at when it came. */
export function reopen({ body, contentType }: Pick<Kept, 'body' | 'contentType'>): Sighting | null {
  const bytes = Buffer.from(body, contentType === BYTES ? 'latin1' : 'utf8');
  const named = namedBy(fieldIn(bytes, 'delivered-to') ?? '');
  const mail = readMime(bytes);
  if (!named) return null;
  // One that can't be taken apart is kept all the same, for people to look at.
  const handed = { deliveryId: named.deliveryId, attempt: named.attempt };
  if (typeof mail === 'string') return sightingOf(handed, [], { kind: 'other' });
  return sightingOf(handed, mail.fields, readReturned(mail, returnPathOf(bytes)));
}

function returnPathOf(bytes: Buffer): string | null {
  const field = fieldIn(bytes, 'return-path');
  return field === null ? null : field.replace(/[<>\s]/g, '');
}
