import type { Outgoing } from '../../../src/providers/provider.ts';

export const KEY = 'SG.key-of-the-tests.0123456789abcdef';
const DOMAIN = 'mg.example.com';

export const MAIL: Outgoing = {
  messageId: '01MESSAGE',
  deliveryId: '01JD0000000000000000000000',
  attempt: 1,
  rfcMessageId: `m1@${DOMAIN}`,
  domain: DOMAIN,
  sender: `shop@${DOMAIN}`,
  recipient: 'ann@example.net',
  deliverAt: null,
  usefulUntil: null,
  content: {
    mime: Buffer.from(`From: shop@${DOMAIN}\r\nTo: ann@example.net\r\nMessage-Id: <m1@${DOMAIN}>\r\n\r\nHi\r\n`),
  },
};
