export const REPUTATION = {
  title: 'Reputation',
  intro:
    'Whether receivers can tell that mail is yours, and what blocklists say of the IP addresses that it leaves from. It is looked at once a day; what could not be told is neither good nor bad.',
  dns: 'DNS records',
  blocklists: 'Blocklists',
  never: (command: string) => `Nothing was looked at in the last days. "${command}" on the machine looks now.`,
  looked: 'Looked at',
  zonesOf: (date: string) => `Which lists there are was looked over on ${date}.`,
  what: 'What',
  state: 'State',
  finding: 'What was found',
  publish: 'What to publish',
  address: 'IP address',
  list: 'List',
  since: 'Since',
  remove: (ip: string, zone: string) => `Look ${ip} up at ${zone}`,
  levels: { good: 'good', note: 'worth a look', bad: 'bad', unsure: 'unsure' },
  states: { listed: 'listed', clear: 'clear', blind: 'blind' },
  badges: {
    ...{ good: 'ok', note: 'warning', bad: 'problem', unsure: 'warning' },
    ...{ listed: 'problem', clear: 'ok', blind: 'warning' },
  },
};
