export const SETTINGS = {
  intro:
    'What holds here. A change needs a restart of the daemon. What is secret is not shown, and of a URL no more than where it leads.',
  rooms: 'Rooms',
  name: 'Setting',
  value: 'Value',
  from: 'From',
  says: 'What it does',
  unset: 'not set',
  set: 'set',
  part: '(not shown whole)',
  follows: 'Without it:',
  sources: {
    environment: 'the environment',
    '.env': '.env',
    default: 'its default',
    RETRY_UNIT: 'follows RETRY_UNIT',
  },
} as const;
