import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, type Ms } from '../../src/core/time.ts';
import { deliveryTimeIn } from '../../src/mail/delivery-time.ts';
import { MORNING } from '../support/clock.ts';

const after = (hours: number): Ms => MORNING + hours * HOUR;
const rfc2822 = (at: Ms): string => new Date(at).toUTCString().replace('GMT', '+0000');

const TIMES: [what: string, said: Record<string, string>, at: Ms | null][] = [
  ['nothing', {}, null],
  ['a time', { 'o:deliverytime': rfc2822(after(20)) }, after(20)],
  ['a time elsewhere', { 'o:deliverytime': 'Wed, 25 Nov 2026 12:00:00 -0500' }, Date.UTC(2026, 10, 25, 17)],
  ['seconds since the epoch', { 'o:deliverytime': String(after(20) / 1000) }, after(20)],
  ['a time that is over', { 'o:deliverytime': rfc2822(after(-1)) }, null],
  ['no time', { 'o:deliverytime': 'soon' }, null],
  ['a time without a zone', { 'o:deliverytime': 'Wed, 25 Nov 2026 12:00:00' }, null],
  ['a time in the form of ISO 8601', { 'o:deliverytime': '2026-11-25T12:00:00Z' }, null],
  ['a time with a zone of nought', { 'o:deliverytime': 'Wed, 25 Nov 2026 17:00:00 -0000' }, Date.UTC(2026, 10, 25, 17)],
  ['a header of mail by SMTP', { 'x-mailgun-deliver-by': rfc2822(after(5)) }, after(5)],
  ['a period from which Mailgun picks', { 'o:deliverytime-optimize-period': '72h' }, after(72)],
  ['a period of no sense', { 'o:deliverytime-optimize-period': 'long' }, null],
  ['a time of day where the recipient is', { 'o:time-zone-localize': '09:00' }, after(24)],
  [
    'a day and a time of day there',
    { 'o:deliverytime': rfc2822(after(48)), 'o:time-zone-localize': '09:00AM' },
    after(72),
  ],
];

for (const [what, said, at] of TIMES) {
  test(`${what}: ${at === null ? 'at once' : `within ${(at - MORNING) / HOUR} h`}`, () => {
    assert.equal(
      deliveryTimeIn((name) => said[name] ?? null, MORNING),
      at,
    );
  });
}
