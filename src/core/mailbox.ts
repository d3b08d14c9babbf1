/** Who runs the mailboxes of most people; everybody else is `other`. A closed list, as figures are kept for each. */
export const MAILBOXES = ['google', 'microsoft', 'yahoo', 'apple', 'gmx', 'telekom', 'proton', 'other'] as const;
export type Mailbox = (typeof MAILBOXES)[number];

const COUNTRY = '(?:com|de|at|ch|fr|it|es|nl|be|dk|se|no|fi|pl|ie|ca|jp|in|co\\.(?:uk|jp|in|nz)|com\\.(?:au|br|mx|ar))';

/** By the domain of the address alone: a company whose mail is with Google counts as `other`. */
const DOMAINS: readonly (readonly [Mailbox, RegExp])[] = [
  ['google', /^(?:gmail|googlemail)\.com$/],
  ['microsoft', new RegExp(`^(?:outlook|hotmail|live)\\.${COUNTRY}$|^msn\\.com$`)],
  ['yahoo', new RegExp(`^yahoo\\.${COUNTRY}$|^(?:ymail|rocketmail|myyahoo|aol|aim)\\.com$`)],
  ['apple', /^(?:icloud|me|mac)\.com$/],
  ['gmx', /^gmx\.(?:de|net|at|ch|com|eu|org|info)$|^(?:web|email)\.de$/],
  ['telekom', /^(?:t-online|magenta)\.de$/],
  ['proton', /^(?:proton\.me|protonmail\.(?:com|ch)|pm\.me)$/],
];

export const mailboxOf = (domain: string): Mailbox =>
  DOMAINS.find(([, domains]) => domains.test(domain))?.[0] ?? 'other';
