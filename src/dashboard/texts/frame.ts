import { counted } from '../../core/words/numbers.ts';

const UNSURE = 'Whether anything was done is not known: look at how it stands before you try again.';

/** How many deliveries. */
export const deliveries = (n: number): string => counted(n, 'delivery', 'deliveries');

/** What all pages share. */
export const FRAME = {
  now: 'now',
  ago: (length: string) => `${length} ago`,
  ahead: (length: string) => `in ${length}`,
  skip: 'To the content',
  nav: {
    label: 'Pages',
    overview: 'Overview',
    messages: 'Messages',
    bulk: 'Bulk',
    outages: 'Outages',
    suppressions: 'Suppressions',
    causes: 'Causes',
    webhooks: 'Webhooks',
    reputation: 'Reputation',
    events: 'Events',
    alerts: 'Alerts',
    report: 'Report',
    settings: 'Settings',
    doctor: 'Doctor',
    runbook: 'Runbook',
  },
  account: {
    logOut: 'Log out',
    everywhere: 'Log out everywhere',
    local: 'No users are configured. These pages open on this machine alone: see DASHBOARD_USERS.',
    role: { support: 'support', operator: 'operator', owner: 'owner' },
  },
  theme: { label: 'Colours', auto: 'As the system', light: 'Light', dark: 'Dark', set: 'Set' },
  live: {
    on: 'Refreshed every 5 s',
    paused: 'Paused',
    stale: 'Not up to date: the last refresh failed',
    waits: 'Waits while something is filled in',
    pause: 'Pause',
    resume: 'Resume',
  },
  errors: {
    title: 'This did not work',
    role: 'Your role does not allow this. Somebody with another role, an operator or an owner, can do it for you.',
    noUsers:
      'No users are configured, so these pages open on the machine itself alone. "homing user add" makes a line for DASHBOARD_USERS.',
    loggedOut: 'You are not logged in any more, and nothing was done. Log in, and do it again.',
    foreign: 'This form is too old, or did not come from these pages. Nothing was done: load the page again.',
    database: {
      asked: 'The database can not be used right now. Try again in a minute.',
      unsure: `The database could not be used. ${UNSURE}`,
    },
    late: {
      asked: 'The database does not answer in time. Try again in a minute.',
      unsure: `The database does not answer in time. ${UNSURE}`,
    },
    failed: {
      asked: 'Something went wrong here. The log of Homing says what.',
      unsure: `Something went wrong here; the log of Homing says what. ${UNSURE}`,
    },
    nothing: 'There is nothing here, or it is so old that it was deleted.',
  },
  classes: { access: 'Access', notice: 'Notices', bulk: 'Bulk' },
  states: { on_time: 'On time', quiet: 'Quiet', delayed: 'Delayed', backup: 'On the backup', down: 'Down' },
  health: { healthy: 'healthy', suspect: 'suspect', down: 'down', recovering: 'recovering' },
  done: {
    taken: () => 'It is yours. All who heard of it are told, and nobody else is until it is over or gets worse by far.',
    takenBefore: () => 'Somebody has taken it before.',
    unsuppressed: () => 'It is off the list.',
    suppressed: () => 'It is on the list: nothing is sent to it any more.',
    held: () => 'It is held from now on.',
    released: () => 'It is released. What nothing else keeps back begins to leave.',
    resent: (n: number) => `It is sent again to ${counted(n, 'recipient')}.`,
    resendWait: (n: number) => `A copy is on its way. Another can be sent in ${counted(n, 'second')}.`,
    resendArrived: () => 'It has arrived already, so it is not sent again.',
    resendCancelled: () => 'It was cancelled, so it is not sent again.',
    resendNot: () =>
      'It can not be sent again: it failed for good, its address is suppressed, or no copy of it is kept. Have the application send a new one.',
    retried: (n: number) => `${deliveries(n)} ${n === 1 ? 'is' : 'are'} tried again.`,
    cancelled: (n: number) => `${deliveries(n)} ${n === 1 ? 'is' : 'are'} stopped.`,
    nothingOpen: () => 'Nothing of it was open, so nothing was stopped.',
    endpointEnabled: () => 'It is posted to again.',
    replayed: (n: number) => `${counted(n, 'event')} ${n === 1 ? 'is' : 'are'} posted once more.`,
    loggedOut: () => 'You are logged out.',
    everywhere: (n: number) => `${counted(n, 'session')} ended.`,
  },
} as const;
