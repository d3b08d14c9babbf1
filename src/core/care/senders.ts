/** A way by which mail leaves, as far as it matters to the DNS of the sender. */
export type Sender = {
  /** As it stands in facts. */
  provider: string;
  /** What the SPF record has to include for it; null when that is not known. */
  include: string | null;
  /** Whose domain stands in the envelope: one that the provider has set up, or that of the sender. */
  returnPath: 'own' | 'sender';
  /** Selectors of its DKIM keys at the sender's domain: any of them will do. */
  selectors: readonly string[];
};

/** Whether it has to stand in the SPF record of a domain of ours, by what is known of it. */
export const wantsSpf = (sender: Sender): sender is Sender & { include: string } =>
  sender.returnPath === 'sender' && sender.include !== null;

type Known = Omit<Sender, 'provider'> & { hosts: RegExp };

/**
 * What providers ask their customers to publish, as known on 2026-11-30: of the SMTP servers not every set-up page was read. The
 * ones with a return path of their own are aligned by DKIM, or by that path when it was set up below the sender's domain.
 */
const KNOWN: readonly Known[] = [
  {
    hosts: /(?:^|\.)sendgrid\.(?:net|com)$|^sendgrid$/,
    include: 'sendgrid.net',
    returnPath: 'own',
    selectors: ['s1', 's2'],
  },
  {
    ...{ hosts: /(?:^|\.)mailersend\.(?:net|com)$|^mailersend$/, include: '_spf.mailersend.net', returnPath: 'own' },
    selectors: ['mlsend2', 'mlsend', 'ms1'],
  },
  { hosts: /^email-smtp\..*\.amazonaws\.com$/, include: 'amazonses.com', returnPath: 'own', selectors: [] },
  { hosts: /(?:^|\.)postmarkapp\.com$/, include: 'spf.mtasv.net', returnPath: 'own', selectors: [] },
  {
    hosts: /(?:^|\.)mandrillapp\.com$/,
    include: 'spf.mandrillapp.com',
    returnPath: 'own',
    selectors: ['mandrill', 'mte1'],
  },
  { hosts: /(?:^|\.)mailjet\.com$/, include: 'spf.mailjet.com', returnPath: 'own', selectors: ['mailjet'] },
  { hosts: /(?:^|\.)smtp2go\.com$/, include: 'spf.smtp2go.com', returnPath: 'own', selectors: [] },
  { hosts: /^smtp(?:-relay)?\.gmail\.com$/, include: '_spf.google.com', returnPath: 'sender', selectors: ['google'] },
  {
    ...{ hosts: /(?:^|\.)office365\.com$|\.mail\.protection\.outlook\.com$/, include: 'spf.protection.outlook.com' },
    ...{ returnPath: 'sender', selectors: ['selector1', 'selector2'] },
  },
];

/** A secondary by its name, which is its host and port where it speaks SMTP, with selectors of the user's own. */
export function senderOf(provider: string, selectors: readonly string[] = []): Sender {
  const host = provider.replace(/:\d+$/, '').toLowerCase();
  const known = KNOWN.find(({ hosts }) => hosts.test(host));
  const { include = null, returnPath = 'sender' } = known ?? {};
  return { provider, include, returnPath, selectors: selectors.length > 0 ? selectors : (known?.selectors ?? []) };
}
