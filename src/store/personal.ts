// Where something of a person may stand. What is exported of a person, and what is deleted because it is old or the person
// is erased, go by this, and a test holds every table of the database to it.

/** What hangs on messages and deliveries, by the column that says on which. */
export const OF_MESSAGE = ['message_bodies', 'handles'] as const;
export const OF_DELIVERY = ['facts', 'due', 'alert_items', 'reposts', 'unclear', 'events', 'event_posts'] as const;

export type Texts = { table: string; key: readonly string[]; columns: readonly string[] };

/**
 * Texts in which an address may be named. What is made of another stands after it: a text that moves on meanwhile is found
 * where it has come to.
 */
export const TEXTS: readonly Texts[] = [
  { table: 'messages', key: ['id'], columns: ['subject', 'tags', 'template'] },
  { table: 'rollup_pending', key: ['id'], columns: ['body'] },
  { table: 'rollup_examples', key: ['day', 'domain', 'place'], columns: ['reply'] },
  { table: 'alert_items', key: ['item_key'], columns: ['detail'] },
  { table: 'alerts', key: ['id'], columns: ['subject', 'body'] },
  { table: 'summaries', key: ['day'], columns: ['subject', 'body'] },
  { table: 'holds', key: ['id'], columns: ['reason'] },
  { table: 'bulk_runs', key: ['id'], columns: ['query', 'filter', 'reason', 'counts', 'checked'] },
  { table: 'audit', key: ['id'], columns: ['subject', 'detail'] },
];

/** How something of a person comes into each table; in words where nothing does. */
export const PERSONAL: Readonly<Record<string, 'mail' | 'events' | 'texts' | 'list' | 'hash' | { nothing: string }>> = {
  messages: 'mail',
  deliveries: 'mail',
  message_bodies: 'mail',
  handles: 'mail',
  facts: 'mail',
  due: 'mail',
  alert_items: 'mail',
  reposts: 'mail',
  unclear: 'mail',
  events: 'mail',
  event_posts: 'mail',
  inbox: 'events',
  rollup_pending: 'texts',
  rollup_examples: 'texts',
  alerts: 'texts',
  summaries: 'texts',
  holds: 'texts',
  bulk_runs: 'texts',
  audit: 'texts',
  suppressions: 'list',
  resends: 'hash',
  erased: 'hash',
  search_terms: { nothing: 'words of subjects, tags and causes, which stand in their mail as well, and go with it' },
  search_owners: { nothing: 'which of these words a mail has' },
  calls: { nothing: 'hashes of calls, and the ids of their messages' },
  sender_faults: { nothing: 'what a sending domain has to mend; the id of a delivery' },
  domains: { nothing: 'sending domains' },
  sessions: { nothing: 'who of the operators is logged in' },
  mail_domains: { nothing: 'domains at which mail arrived' },
  rollups: { nothing: 'sums' },
  cursors: { nothing: 'places at which steps go on' },
  paces: { nothing: 'rates of providers' },
  signs: { nothing: 'counts' },
  receiver_signs: { nothing: 'counts by recipient domain' },
  mail_signs: { nothing: 'counts by recipient domain' },
  sent_counts: { nothing: 'counts by class, and by tags and templates that name no address' },
  threshold_states: { nothing: 'which figures are beyond their threshold' },
  health: { nothing: 'how providers are' },
  health_changes: { nothing: 'how providers were' },
  hints: { nothing: 'what status pages said of providers' },
  webhook_refusals: { nothing: 'how often webhooks were refused, and why' },
  daemons: { nothing: 'which daemons work on the database' },
  event_endpoints: { nothing: 'which programs are told of events' },
  care: { nothing: 'what was found of DNS records, blocklists and warm-ups' },
  sending_ips: { nothing: 'counts by the address that mail left from' },
  drills: { nothing: 'drills of outages, against mail of their own' },
  incidents: { nothing: 'what administrators were told of, by the names of domains, and who of them took it' },
  backups: { nothing: 'how backups went' },
  restore_drills: { nothing: 'how trials of backups went' },
  drains: { nothing: 'how long what had waited took to leave' },
};
