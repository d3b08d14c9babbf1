import type { Command } from 'commander';
import { EXIT, Failed, plural, say, sayError, type Terminal } from './common/terminal.ts';

const ADD = `
Asks for a password, or reads it from standard input where that is no terminal,
and prints what goes into DASHBOARD_USERS, which is a comma list. Only a hash of
the password (scrypt) stands in it. Then start the daemon again.

Roles: support looks at mail, explains it and sends it again within the
cooldown; operator also retries, cancels, holds and releases, many at once;
owner also takes addresses off the list of suppressions, erases, and sees rules.

With --by-proxy there is no password: a proxy in front of the daemon says who it
is (DASHBOARD_PROXIES).

Examples:
  homing user add ann --role support
  openssl rand -base64 18 | homing user add ann --role operator
  homing user add ann@example.com --role owner --by-proxy`;

const END = `
Whoever is logged in under the name has to log in again. Take the name out of
DASHBOARD_USERS, or give it another password, to keep somebody out: that ends
the sessions as well.

Examples:
  homing user log-out ann`;

export function addUserCommand(program: Command, terminal: Terminal): void {
  const user = program.command('user').description('make logins for the dashboard, and end them');
  user
    .command('add')
    .description('make the line of DASHBOARD_USERS for somebody')
    .argument('<name>', 'by which they log in')
    .requiredOption('--role <role>', 'support, operator or owner')
    .option('--by-proxy', 'a proxy checks who it is: without a password')
    .addHelpText('after', ADD)
    .action((name: string, options: { role: string; byProxy?: boolean }) => add(terminal, name, options));
  user
    .command('log-out')
    .description('end all sessions of somebody')
    .argument('<name>', 'by which they log in')
    .addHelpText('after', END)
    .action((name: string) => logOut(terminal, name));
}

/** Shorter ones are guessed. */
const SHORTEST = 10;

async function add(terminal: Terminal, name: string, { role, byProxy }: { role: string; byProxy?: boolean }) {
  const { hashOf, isUserName, ROLES } = await import('../dashboard/desk/users.ts');
  if (!ROLES.some((one) => one === role))
    throw new Failed(`error: --role must be one of ${ROLES.join(', ')}`, EXIT.usage);
  if (!isUserName(name))
    throw new Failed('error: a name has up to 64 characters, and no spaces, commas, colons or quotes', EXIT.usage);
  if (byProxy) return say(terminal, `${name}:${role}:proxy`);
  const password = await readPassword(terminal);
  if (password.length < SHORTEST) throw new Failed(`error: a password has ${SHORTEST} characters or more`, EXIT.usage);
  say(terminal, `${name}:${role}:${await hashOf(password)}`);
}

/** The first line of standard input; what is typed at a terminal is not shown. */
async function readPassword(terminal: Terminal): Promise<string> {
  const { createInterface } = await import('node:readline');
  const { Writable } = await import('node:stream');
  const isTyped = process.stdin.isTTY === true;
  if (isTyped) sayError(terminal, 'Password (it is not shown): ');
  const nowhere = new Writable({ write: (_part, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: isTyped });
  try {
    for await (const line of lines) return line;
    return '';
  } finally {
    lines.close();
  }
}

async function logOut(terminal: Terminal, name: string): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { endSessionsOf } = await import('../store/notes/sessions.ts');
  const { audit } = await import('../store/notes/audit.ts');
  await withStore(terminal, async (store) => {
    const count = await endSessionsOf(store, name);
    await audit(store, terminal.now(), { who: operator(), what: 'log_out', subject: name, detail: null });
    say(terminal, `${plural(count, 'session', 'sessions')} ended.`);
  });
}
