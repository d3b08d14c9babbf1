import { entityOf, firstOf, type WrittenField } from './read-mime.ts';

/** What a server did with a mail (RFC 3464, 2.3.3). */
export const ACTIONS = ['delivered', 'expanded', 'relayed', 'failed', 'delayed'] as const;
export type Action = (typeof ACTIONS)[number];

/** What is reported of one recipient. Each of these may be missing but the action. */
export type RecipientStatus = {
  action: Action;
  /** As the sender of the mail wrote it, and as the server that reports knew it. */
  original: string | null;
  final: string | null;
  /** RFC 3463, such as `5.1.1`. */
  status: string | null;
  /** What the remote server said, without the type before it. */
  diagnostic: string | null;
  remoteMta: string | null;
};

export type DeliveryStatus = {
  /** The name that the sender gave to the mail (ENVID). */
  envelopeId: string | null;
  recipients: readonly RecipientStatus[];
};

/** A list server may report on many; each mail of ours has one recipient. */
const MOST_RECIPIENTS = 100;

/**
 * Reads a part of the type `message/delivery-status` (RFC 3464): fields of the mail, and then those of each recipient, as
 * headers with empty lines between them. What is no action that we know is left out.
 */
export function readDeliveryStatus(content: Buffer): DeliveryStatus {
  const recipients: RecipientStatus[] = [];
  let envelopeId: string | null = null;
  let rest = content;
  while (rest.length > 0 && recipients.length < MOST_RECIPIENTS) {
    const { fields, body } = entityOf(rest);
    envelopeId ??= firstOf(fields, 'original-envelope-id');
    const status = statusIn(fields);
    if (status) recipients.push(status);
    rest = body;
  }
  return { envelopeId, recipients };
}

function statusIn(fields: readonly WrittenField[]): RecipientStatus | null {
  const named = /^[a-z]*/i.exec(firstOf(fields, 'action') ?? '')?.[0].toLowerCase();
  const action = ACTIONS.find((known) => known === named);
  if (!action) return null;
  return {
    action,
    original: untyped(firstOf(fields, 'original-recipient')),
    final: untyped(firstOf(fields, 'final-recipient')),
    status: /^\s*([245]\.\d{1,3}\.\d{1,3})(?!\d)/.exec(firstOf(fields, 'status') ?? '')?.[1] ?? null,
    // Exchange has the words of the other server in a field of its own.
    diagnostic: untyped(firstOf(fields, 'diagnostic-code') ?? firstOf(fields, 'x-supplementary-info')),
    remoteMta: untyped(firstOf(fields, 'remote-mta')),
  };
}

/** `rfc822; ann@example.com` is `ann@example.com`. */
function untyped(field: string | null): string | null {
  const value = (field ?? '').replace(/^[\w.-]{1,40}\s{0,20};/, '').trim();
  return value.replace(/^<(.*)>$/s, '$1').trim() || null;
}
