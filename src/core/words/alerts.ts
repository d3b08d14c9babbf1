import type { AlertKind } from '../alerting.ts';
import { counted, were } from './numbers.ts';

/** What administrators are told by an alert of each kind: what has happened (how often), and what they can do. */
export const ALERT_WORDS: Record<AlertKind, { headline: (n: number) => string; advice: string }> = {
  gave_up: {
    headline: (n) => `${mails(n)} could not be delivered and ${were(n)} given up`,
    advice: 'Reach these people by another way if it matters. To try again: homing retry <id>.',
  },
  expired: {
    headline: (n) => `${mails(n)} did not arrive within ${n === 1 ? 'its' : 'their'} useful life`,
    advice: 'The message is too old to be of use. The person may have to ask for a new one.',
  },
  saved: {
    headline: (n) => `${mails(n)} went out through the secondary provider`,
    advice:
      'Nothing has to be done. If this happens often, ask Mailgun about the reputation of the sending IP address.',
  },
  fix_sender: {
    headline: (n) => `${mails(n)} failed because of something that you can mend`,
    advice: 'The same message fails from every IP address until the cause is mended. Then: homing retry <id>.',
  },
  refused: {
    headline: (n) => `${mails(n)} ${were(n)} refused for good by the recipient's side`,
    advice: 'Reach these people by another way if it matters. When it is mended on their side: homing retry <id>.',
  },
  not_cured: {
    headline: () => 're-posts for one cause to one recipient domain cure nothing',
    advice:
      'Homing goes on as before; what to change is for you to say. See homing report --days 30 --cures. Let a secondary provider take such mail (SECONDARY_SMTP_URL), get a dedicated IP address at Mailgun if the failure is about the address, or write a rule of your own (HOMING_RULES) that switches the provider or gives up.',
  },
  reconciler_silent: {
    headline: () => 'the reconciler has not run',
    advice: 'Retries and fallbacks stand still. See the log of the daemon, and restart it.',
  },
  webhooks_silent: {
    headline: () => 'no webhook arrives although mail is sent',
    advice: 'Check the webhooks of the domain at Mailgun and the signing key: homing doctor.',
  },
  schedule_switched: {
    headline: () => 'Mailgun does not keep delivery times on re-posts',
    advice: 'Nothing has to be done: from now on the waits are kept here, and re-posts go out when they are due.',
  },
  account_refused: {
    headline: () => 'a provider refuses our account',
    advice:
      'No mail is given up for it yet: it waits, or goes out elsewhere. Check the key, the domain, and whether the account is paid and active: homing doctor.',
  },
  provider_down: {
    headline: () => 'a provider is down: mail leaves by other ways, or waits',
    advice:
      'Nothing has to be done: access mail leaves through another provider at once, notices after a while, and the rest waits here. What is known: homing outages.',
  },
  provider_back: {
    headline: () => 'a provider that was down is back',
    advice: 'Nothing has to be done: what waited leaves now. How it went: homing outages.',
  },
  put_off: {
    headline: () => 'most mail to a recipient domain, or of a class, is put off',
    advice:
      'Nothing is switched for it: it is tried again, and goes out elsewhere where its class wants that. What the servers say: homing report. If several domains put off mail, ask the provider about its sending IP addresses.',
  },
  clock_wrong: {
    headline: () => "the machine's clock is wrong",
    advice:
      'Due times and useful lives go by it, and with a clock that is a day off every webhook is refused. Let the machine keep its time by NTP; then: homing doctor.',
  },
  peer_silent: {
    headline: () => 'another Homing daemon is silent, or its reconciler stands still',
    advice:
      'Its mail may wait, and nobody watches this daemon. See that its process runs and can be reached from here; its log says why its reconciler stands still; then restart it.',
  },
  events_webhook_failing: {
    headline: () => 'an endpoint of an application takes no events',
    advice:
      'Nothing is lost: the events wait. See what it answered, and mend it: homing events endpoints. One that is disabled is posted to again after: homing events enable <endpoint>.',
  },
  drill_failed: {
    headline: () => 'a drill failed or broke off: it is not known that the plan against outages holds',
    advice:
      'No mail of users was touched. The report says which check failed and what was seen; mend that, and make the drill again: homing drill.',
  },
  dns_wrong: {
    headline: (n) =>
      `${counted(n, 'DNS record')} that your mail needs ${were(n)} right and ${n === 1 ? 'is' : 'are'} wrong now`,
    advice:
      'Publish what stands above where the DNS of the domain is kept. Until then servers may refuse mail, or take it for spam. Then look again: homing dns.',
  },
  dns_right: {
    headline: (n) => `${counted(n, 'DNS record')} that your mail needs ${n === 1 ? 'is' : 'are'} right again`,
    advice: 'Nothing has to be done. How all of them stand: homing dns.',
  },
  ip_listed: {
    headline: () => 'an IP address that your mail leaves from is on a blocklist',
    advice:
      'An address of your own you can have removed where it says, when the cause is mended. One that you share is the matter of its provider: tell its support. How all of them stand: homing blocklists.',
  },
  ip_clear: {
    headline: () => 'an IP address is off a blocklist again',
    advice: 'Nothing has to be done. How all of them stand: homing blocklists.',
  },
  warmup_behind: {
    headline: () => 'the warm-up of an IP address is behind: its stage gets too little mail',
    advice:
      'Give it more mail that is wanted, or receivers do not get to know the address: move mail of other domains or pools to it, or ask Mailgun to pause the plan. How it stands: homing reputation.',
  },
  warmup_on_course: {
    headline: () => 'the warm-up of an IP address goes on, or is over',
    advice: 'Nothing has to be done. How it stands: homing reputation.',
  },
  backup_failed: {
    headline: () => 'the database could not be backed up',
    advice:
      'The earlier backups are there still, and it is tried again. Mend what is named: homing backup tries it at once, homing doctor tells whether the last one was good.',
  },
  backup_old: {
    headline: () => 'the last good backup of the database is old',
    advice:
      'Whatever came since would be lost with the database. Look whether the daemon runs and its BACKUP_DIR is there: homing backup makes one at once.',
  },
  restore_drill_failed: {
    headline: () => 'a backup was restored to the side, and did not stand the test',
    advice:
      'Do not rely on the backups before you know why. See what failed: homing restore --drill makes the same test again.',
  },
  restore_drill_old: {
    headline: () => 'no backup has stood the test of a restore for too long',
    advice: 'A backup that was never restored is a hope. Make the test now: homing restore --drill.',
  },
  threshold: {
    headline: () => 'a figure of the mail is beyond what a rule allows',
    advice:
      'See what failed and why: homing report. Try other rules on what has happened before you change them (ALERT_RULES): homing alerts test.',
  },
  threshold_over: {
    headline: () => 'a figure of the mail is back within its rule',
    advice: 'Nothing has to be done, but to release what was held for it: homing hold --list.',
  },
  flatline: {
    headline: () => 'mail that usually is sent at this time is not',
    advice:
      'Nothing failed here: nobody asked for it. Look at the application, its jobs and its log. What was asked for: homing list. Mail that is not sent any more is forgotten after a week.',
  },
  flatline_over: {
    headline: () => 'mail that was not sent for a while is sent again',
    advice: 'Nothing has to be done, but for what people missed meanwhile.',
  },
};

const mails = (n: number): string => counted(n, 'mail');
