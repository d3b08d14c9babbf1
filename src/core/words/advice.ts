/** What somebody can do. Where the server's reply shows one of the signs, its advice is given instead. */
export type Advice = string | { otherwise: string; when: readonly [sign: RegExp, advice: string][] };

export function adviceIn(advice: Advice | undefined, reply: string): string | null {
  if (advice === undefined || typeof advice === 'string') return advice ?? null;
  return advice.when.find(([sign]) => sign.test(reply))?.[1] ?? advice.otherwise;
}

export const ENDS_PROCESSES =
  'See in the logs why the daemon ended (is there too little memory for this mail?), then have it tried again: homing retry.';

const SPF =
  "SPF: let the sending domain's TXT record include Mailgun (v=spf1 include:mailgun.org ~all), in one record only.";
const DKIM =
  'DKIM: publish the key that Mailgun shows for the sending domain, and check at Mailgun that the domain is verified.';
const DMARC =
  'DMARC: send from an address of the domain that SPF or DKIM passes for (alignment), and publish a _dmarc record for it.';
const PTR =
  'PTR: the sending IP address needs a reverse name that leads back to it. Of a shared IP address ask Mailgun; of a dedicated one, set it there.';
const VIRUS =
  'Virus: the server takes an attachment or a link for malicious. Scan the file, or send a link to a page of yours instead.';

const AUTH: readonly [RegExp, string][] = [
  [/\bdmarc\b|alignment/i, DMARC],
  [/\bdkim\b/i, DKIM],
  [/\bspf\b/i, SPF],
];

export const SENDER_AUTH: Advice = { otherwise: `${SPF} ${DKIM} ${DMARC}`, when: AUTH };
export const SENDER_ADDRESS: Advice = {
  otherwise:
    'Sender: the domain in From needs an A or MX record, and its address must take mail, as some servers ask for it.',
  when: AUTH,
};
export const IP_CONFIG: Advice = {
  otherwise: PTR,
  when: [[/ipv6/i, `${PTR} Over IPv6 the same holds for each address.`], ...AUTH],
};
export const IP_BLOCK: Advice =
  'IP reputation: the address is shared with other senders. If it happens often, ask Mailgun for another pool or a dedicated IP address.';
export const REPUTATION: Advice =
  'Domain reputation: look the sending domain and the domains of its links up at Spamhaus DBL, SURBL and Google Postmaster Tools; stop what draws complaints, then ask for removal.';
export const SPAM: Advice = {
  otherwise: 'Content: compare the message with those that arrive (links, shortened links, pictures without text).',
  when: [[/virus|malware|infect|trojan/i, VIRUS]],
};
export const FORMAT: Advice = {
  otherwise:
    'Form: look at the headers that the server names (From, Date, Message-Id once each; lines under 998 characters).',
  when: [[/virus|malware|infect|trojan|executable|attachment/i, VIRUS]],
};
export const SIZE: Advice =
  'Size: attachments grow by a third on the way, and many servers take 10 to 25 MB at most. Send a link instead of the file.';
export const TLS: Advice = 'TLS: require-tls or skip-verification of the domain at Mailgun may not fit this server.';
export const PROTOCOL: Advice = 'Protocol: show the reply to the support of Mailgun; no retry will change it.';
export const POLICY: Advice = 'Policy: the server does not say why. Ask its postmaster, with its reply at hand.';
export const RESTRICTED: Advice = 'Recipient: they have to allow your sender, or to be reached by another way.';
export const RELAY: Advice = "Recipient: their domain's MX leads to a server that does not know it; tell them.";
export const MISCONFIG: Advice = 'Recipient: their server is set up wrongly; tell them by another way.';
export const LOOP: Advice = 'Recipient: a forwarding of theirs leads back to itself; tell them by another way.';

export const REJECTED: Advice =
  'Rejected: the provider took the call and refused the message afterwards; its words name the content or the account.';

export const INVALID: Advice =
  'Message: the provider does not take it as it is; its answer names the field. The application that wrote it has to send it anew.';

export const ACCOUNT: Advice =
  'Account: the provider refuses the key, the domain or the whole account. What it says: homing doctor.';
export const BOUNCE_LIST: Advice =
  'Bounce list: if the address is good, take it off the bounce list at Mailgun. Then: homing retry <id>.';
export const STORAGE: Advice =
  "Storage: look the message up in Mailgun's log. If the host in its storage.url is Mailgun's, name it in MAILGUN_STORAGE_HOSTS and restart; if it is not, somebody else wrote that event, so change the signing key.";
