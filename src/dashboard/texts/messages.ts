import { counted } from '../../core/words/numbers.ts';

export const MESSAGES = {
  label: 'Find mail by an address, words of its subject, or whatever is known of it',
  placeholder: 'anna@example.com state:failed',
  submit: 'Search',
  help: 'What can be searched for',
  helpWords:
    'All that is said has to hold. Words are whole words of the subject, in any order and case. Quotes keep words together that belong to one qualifier. What came within the last few seconds may not be found by its words yet.',
  examples: [
    ['anna@example.com', 'all mail to this address'],
    ['<message-id@example.com>', 'the message with this Message-Id; id: takes ids of Homing as well'],
    ['password reset', 'with both words in the subject; so does subject:"password reset"'],
    [
      'state:failed',
      'by where it stands: queued, sending, unconfirmed, accepted, deferred, delivered, relayed, failed, abandoned, expired, cancelled',
    ],
    ['class:access', 'access, notice or bulk'],
    ['cause:mailbox_full', 'by what went wrong with it at any time, now or before'],
    ['provider:mailgun', 'Mailgun had it last; of any other provider: it had it at some time'],
    ['tag:reset', 'with this tag'],
    ['key:order-4711', 'with this key of the application'],
    [
      'after:2026-11-25 before:2026-11-26',
      'made on this day, by the clock of these pages; moments such as 2026-11-25T14:30 do as well',
    ],
  ],
  states: 'States',
  all: 'all',
  indexing: 'The words of the mail that was here before are being gathered: little is found by them yet.',
  indexedSince: (exact: string) =>
    `Mail from before ${exact} is not found by its words, tags, causes and providers yet: that is being gathered in the background.`,
  when: 'Made',
  to: 'To',
  subject: 'Subject',
  class: 'Class',
  state: 'State',
  others: (n: number) => `and ${counted(n, 'other')}`,
  noSubject: '(no subject known)',
  nothing:
    'No mail is on record. Have an application send through Homing, or run "homing demo" to see these pages with some.',
  none: 'No mail on record fits all of this.',
  noneWhy:
    'That does not prove that none was sent: Homing knows what went through it or was told to it, and deletes what is old. Look for slips in the address first.',
  newestTo: (address: string) => `The newest mail to ${address}`,
  near: 'Addresses on record that look like it:',
  noMore: 'There is no more.',
  wider: 'Say less:',
  without: 'without',
  looked: (n: string) => `The newest ${n} of the shortest list were looked at for this page.`,
  narrow: 'To be quicker, say more, for instance:',
  pages: 'Further pages',
  newest: 'Back to the newest',
  older: 'Older',
  goOn: 'Go on looking in older mail',
  export: { csv: 'All of this as CSV', json: 'All of this as JSON' },
  exporting: 'Others are exporting just now. Try again in a minute.',
} as const;
