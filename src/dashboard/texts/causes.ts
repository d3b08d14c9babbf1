import { counted, many } from '../../core/words/numbers.ts';

export const CAUSES = {
  cures: (days: number) => `Does trying again help? The last ${days} days`,
  last: (days: number) => `the last ${days} days`,
  nothingFailed:
    'Nothing failed. When something does, it stands here by its cause, with how often another try got through.',
  byCause: 'By cause',
  byPlace: 'By recipient domain',
  cause: 'First failure',
  domain: 'Domain',
  failed: 'Failed',
  retried: 'Re-posted',
  cured: 'Cured',
  rate: 'Rate',
  saved: 'Saved by the secondary',
  lost: 'Lost',
  example: 'What a server said',
  unclear: (days: number) => `Replies of the last ${days} days that no rule knows`,
  allClear: 'None. Each reply was understood.',
  paste:
    'Paste the rules you want into your rules file (HOMING_RULES), and give each its cause and decision. As they stand they change nothing.',
  times: (n: number) => `${many(n)} ×`,
  replay: 'Try rules before they go live',
  replayHelp:
    'The rules are asked about what has failed, beside those that run here. Nothing is sent and nothing is saved: to use them, put them into your rules file and restart.',
  rules: 'Rules, as in the file: a JSON array',
  noFile: 'Your rules file can not be read, so its rules do not stand here. The log of Homing says why.',
  longFile: (most: number) => `Your rules file has more than ${many(most)} characters, too many to be tried here.`,
  over: 'Over',
  run: 'Try them',
  again: 'Change them and try again',
  back: 'Causes',
  busy: 'Somebody else is trying rules right now. Try again in a moment.',
  judged: (n: number, changed: number) =>
    n === 0
      ? 'Nothing failed in this time, so there is nothing to try them on.'
      : `${counted(n, 'failure')}, ${many(changed)} judged differently.`,
  unsaved: 'Nothing was changed.',
  stopped: 'There was more than is looked at: this is what failed since',
  effects: 'What follows',
  before: 'Now',
  after: 'With these rules',
  newly: 'Newly',
  noLonger: 'No longer',
  examples: 'Examples of what changes',
  recipient: 'Recipient',
  reply: 'Reply',
} as const;
