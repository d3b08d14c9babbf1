// Every word that the pages say and that does not come from the model.
import { counted } from '../../core/words/numbers.ts';

export const TEXTS = {
  now: 'now',
  ago: (length: string) => `${length} ago`,
  ahead: (length: string) => `in ${length}`,
  skip: 'To the content',
  nav: {
    label: 'Pages',
    overview: 'Overview',
    messages: 'Messages',
    outages: 'Outages',
    suppressions: 'Suppressions',
    causes: 'Causes',
    webhooks: 'Webhooks',
    alerts: 'Alerts',
    report: 'Report',
    settings: 'Settings',
    doctor: 'Doctor',
    runbook: 'Runbook',
  },
  account: {
    menu: 'Account',
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
    pause: 'Pause',
    resume: 'Resume',
  },
  login: {
    title: 'Log in',
    name: 'Name',
    password: 'Password',
    submit: 'Log in',
    wrong: 'The name or the password is not right.',
    tooMany: (length: string) => `Too many tries. Try again in ${length}.`,
    elsewhere: (url: string) => `If you come back here after logging in, open ${url} instead.`,
  },
  errors: {
    title: 'This did not work',
    role: 'Your role does not allow this.',
    noUsers:
      'No users are configured, so these pages open on the machine itself alone. "homing user add" makes a line for DASHBOARD_USERS.',
    loggedOut: 'You are not logged in any more, and nothing was done. Log in, and do it again.',
    foreign: 'This form is too old, or did not come from these pages. Nothing was done: load the page again.',
    database: 'The database can not be used right now. Nothing was done. Try again in a minute.',
    nothing: 'There is nothing here, or it is so old that it was deleted.',
  },
  done: {
    loggedOut: () => 'You are logged out.',
    everywhere: (n: number) => `${counted(n, 'session')} ended.`,
  },
} as const;
