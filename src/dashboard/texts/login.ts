export const LOGIN = {
  title: 'Log in',
  heading: 'Log in to Homing',
  name: 'Name',
  password: 'Password',
  submit: 'Log in',
  wrong: 'The name or the password is not right.',
  tooMany: (length: string) => `Too many tries. Try again in ${length}.`,
  elsewhere: (url: string) => `If you come back here after logging in, open ${url} instead.`,
} as const;
