// What people ask the dashboard for.
import { STATES } from '../../src/core/delivery.ts';
import { BUSY, idAt, recipientAt } from '../age/fill.ts';

/** Searches from one qualifier to all of them; those that find nothing are among them. */
export const searchesAt = (size: number): string[] => {
  const somebody = `to:${recipientAt(7, size)}`;
  const busy = `to:${BUSY}`;
  const all = 'class:notice state:delivered after:2026-09-10 before:2026-11-10';
  return [
    ...['', recipientAt(7, size), somebody, busy, `id:${idAt(size / 2)}@mail.example.com`, 'nobody@nowhere.example'],
    ...['state:failed', 'state:delivered', 'state:sending', 'class:access', 'class:access state:failed'],
    ...['before:2026-10-01', 'after:2026-10-01 before:2026-10-15', 'class:bulk before:2026-10-01'],
    ...[
      'aword1',
      'bword7',
      'cword77',
      'dword777',
      'nosuchword',
      'aword1 bword7',
      'aword0 bword7 cword77',
      'aword2 tag:tag10',
    ],
    ...['tag:tag0', 'tag:tag0 state:failed', 'tag:nosuch', 'key:key-17', 'key:key-17 aword1', 'key:nosuch'],
    ...[
      'cause:recipient_unknown',
      'cause:recipient_unknown aword1',
      'cause:mailbox_full',
      'cause:recipient_unknown class:access',
    ],
    ...['provider:mailgun', 'provider:mailgun state:failed', 'provider:mailgun class:access aword0'],
    ...[
      `${busy} state:failed`,
      `${busy} aword1`,
      `${busy} class:access`,
      `${busy} before:2026-10-01`,
      `${somebody} aword0`,
    ],
    ...[
      `aword1 bword7 tag:tag0 key:key-17 ${busy} cause:recipient_unknown provider:mailgun ${all}`,
      `aword1 ${busy} ${all}`,
    ],
    ...STATES.map((state) => `aword0 state:${state}`),
  ];
};

/** All other pages, at their most costly. */
export const pagesAt = (size: number): string[] => [
  ...['/', `/messages/${idAt(size - 9)}`, '/bulk', '/outages', '/suppressions', '/causes', '/webhooks'],
  ...['/reputation', '/events', '/alerts', '/report', '/report?from=2026-10-23&to=2026-11-21', '/settings'],
];
