import type { Cause } from '../verdict.ts';

/** What somebody can do about a cause. Where the words of the server tell more, the first that fits is said. */
type Advice = { otherwise: string | null; when?: readonly [sign: RegExp, advice: string][] };

const SPF =
  "SPF: let the sending domain's TXT record include Mailgun (v=spf1 include:mailgun.org ~all), in one record only.";
const DKIM =
  'DKIM: publish the key that Mailgun shows for the sending domain, and check at Mailgun that the domain is verified.';
const DMARC =
  'DMARC: send from an address of the domain that SPF or DKIM passes for (alignment), and publish a _dmarc record for it.';
const PTR =
  'PTR: the sending IP address needs a reverse name that leads back to it. Of a shared IP address ask Mailgun; of a dedicated one, set it there.';
const REPUTATION =
  'Domain reputation: look the sending domain and the domains of its links up at Spamhaus DBL, SURBL and Google Postmaster Tools; stop what draws complaints, then ask for removal.';
const VIRUS =
  'Virus: the server takes an attachment or a link for malicious. Scan the file, or send a link to a page of yours instead.';
const SIZE =
  'Size: attachments grow by a third on the way, and many servers take 10 to 25 MB at most. Send a link instead of the file.';

const AUTH: readonly [RegExp, string][] = [
  [/\bdmarc\b|alignment/i, DMARC],
  [/\bdkim\b/i, DKIM],
  [/\bspf\b/i, SPF],
];

const ADVICE: Partial<Record<Cause, Advice>> = {
  sender_auth: { otherwise: `${SPF} ${DKIM} ${DMARC}`, when: AUTH },
  sender_address: {
    otherwise:
      'Sender: the domain in From needs an A or MX record, and its address must take mail, as some servers ask for it.',
    when: AUTH,
  },
  domain_reputation: { otherwise: REPUTATION },
  message_too_big: { otherwise: SIZE },
  message_format: {
    otherwise:
      'Form: look at the headers that the server names (From, Date, Message-Id once each; lines under 998 characters).',
    when: [[/virus|malware|infect|trojan|executable|attachment/i, VIRUS]],
  },
  tls_or_login: {
    otherwise: 'TLS: require-tls or skip-verification of the domain at Mailgun may not fit this server.',
  },
  protocol_error: { otherwise: 'Protocol: show the reply to the support of Mailgun; no retry will change it.' },
  ip_config: {
    otherwise: PTR,
    when: [[/ipv6/i, `${PTR} Over IPv6 the same holds for each address.`], ...AUTH],
  },
  ip_block: {
    otherwise:
      'IP reputation: the address is shared with other senders. If it happens often, ask Mailgun for another pool or a dedicated IP address.',
  },
  spam_content: {
    otherwise: 'Content: compare the message with those that arrive (links, shortened links, pictures without text).',
    when: [[/virus|malware|infect|trojan/i, VIRUS]],
  },
  policy_block: { otherwise: 'Policy: the server does not say why. Ask its postmaster, with its reply at hand.' },
  recipient_restricted: { otherwise: 'Recipient: they have to allow your sender, or to be reached by another way.' },
  relay_denied: { otherwise: "Recipient: their domain's MX leads to a server that does not know it; tell them." },
  server_misconfig: { otherwise: 'Recipient: their server is set up wrongly; tell them by another way.' },
  loop: { otherwise: 'Recipient: a forwarding of theirs leads back to itself; tell them by another way.' },
};

/** What can be done about a failure, in a sentence or two; null when there is nothing to do. */
export function adviceFor(cause: Cause, reply: string): string | null {
  const advice = ADVICE[cause];
  if (!advice) return null;
  return advice.when?.find(([sign]) => sign.test(reply))?.[1] ?? advice.otherwise;
}

/** Reasons of an end that are about this installation. */
const ON_END: Readonly<Record<string, string>> = {
  storage_refused:
    "Storage: look the message up in Mailgun's log. If the host in its storage.url is Mailgun's, name it in MAILGUN_STORAGE_HOSTS and restart; if it is not, somebody else wrote that event, so change the signing key.",
};

/** What can be done about what ended a delivery; null when that is said of its failure, or nothing can be done. */
export const adviceOnEnd = (reason: string | null): string | null => ON_END[reason ?? ''] ?? null;
