import { createServer, type Socket } from 'node:net';
import type { Clock } from '../../core/time.ts';
import { listenOnLoopback } from '../sim/listen.ts';
import type { Sink, SunkMail } from '../sim/sink.ts';

export type RudeMode =
  | 'no_banner' // connects, and never says a word
  | 'banner_421'
  | 'banner_554'
  | 'auth_535' // offers AUTH, refuses every login
  | 'drop_at_mail' // hangs up when a mail begins: an idle pooled connection that the server had closed
  | 'drop_at_data' // hangs up at DATA, before 354
  | 'drop_before_dot' // hangs up in the middle of the content
  | 'drop_after_dot' // keeps the mail, hangs up before its answer
  | 'partial_after_dot' // keeps the mail, writes "25" and hangs up
  | 'hang_after_dot' // keeps the mail, never answers
  | 'refuse_451_after_dot'
  | 'refuse_554_after_dot'
  | 'accept_one_of_two'; // 250 to the first recipient of a mail, 550 to the others

type Session = { socket: Socket; from: string; to: string[]; content: string[] | null; authLines: number };
type Rudeness = { mode: RudeMode; mails: SunkMail[]; clock: Clock };

/** A bare SMTP server that is rude in one way, where a proper one cannot be made to be. */
export async function startRudeSmtp(mode: RudeMode, options: { port?: number; clock?: Clock } = {}): Promise<Sink> {
  const rudeness: Rudeness = { mode, mails: [], clock: options.clock ?? Date.now };
  const server = createServer((socket) => converse(socket, rudeness));
  const { port, close } = await listenOnLoopback(server, options.port ?? 0);
  const login = mode === 'auth_535' ? 'user:wrong@' : '';
  return { url: `smtp://${login}127.0.0.1:${port}`, port, mails: rudeness.mails, close };
}

function converse(socket: Socket, rudeness: Rudeness): void {
  const session: Session = { socket, from: '', to: [], content: null, authLines: 0 };
  socket.on('end', () => socket.end());
  greet(socket, rudeness.mode);
  let rest = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    const lines = (rest + part).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (socket.destroyed) return;
      if (session.content === null) command(line, session, rudeness);
      else contentLine(line, session, session.content, rudeness);
    }
  });
}

function greet(socket: Socket, mode: RudeMode): void {
  if (mode === 'no_banner') return;
  if (mode === 'banner_421') socket.end('421 4.3.2 Service not available, try again later\r\n');
  else if (mode === 'banner_554') socket.end('554 5.7.1 Your address is not welcome here\r\n');
  else socket.write('220 rude.test ESMTP\r\n');
}

function command(line: string, session: Session, { mode }: Rudeness): void {
  const { socket } = session;
  const verb = line.slice(0, 4).toUpperCase();
  if (session.authLines > 0) {
    session.authLines -= 1;
    refuseLogin(session);
  } else if (verb === 'EHLO')
    socket.write(`250-rude.test\r\n${mode === 'auth_535' ? '250-AUTH PLAIN LOGIN\r\n' : ''}250 8BITMIME\r\n`);
  else if (verb === 'AUTH') login(line, session);
  else if (verb === 'MAIL') beginMail(line, session, mode);
  else if (verb === 'RCPT') addRecipient(line, session, mode);
  else if (verb === 'DATA') beginContent(session, mode);
  else if (verb === 'QUIT') socket.end('221 2.0.0 Bye\r\n');
  else socket.write('250 2.0.0 Ok\r\n'); // HELO, RSET, NOOP
}

/** AUTH PLAIN may carry all in one line; LOGIN asks for two more. */
function login(line: string, session: Session): void {
  const [, mechanism = '', initial] = line.split(' ');
  session.authLines = (mechanism.toUpperCase() === 'LOGIN' ? 2 : 1) - (initial === undefined ? 0 : 1);
  refuseLogin(session);
}

function refuseLogin(session: Session): void {
  session.socket.write(
    session.authLines > 0 ? '334 VXNlcm5hbWU6\r\n' : '535 5.7.8 Authentication credentials invalid\r\n',
  );
}

function beginMail(line: string, session: Session, mode: RudeMode): void {
  if (mode === 'drop_at_mail') return void session.socket.destroy();
  session.from = addressIn(line);
  session.to = [];
  session.socket.write('250 2.1.0 Ok\r\n');
}

function addRecipient(line: string, session: Session, mode: RudeMode): void {
  if (mode === 'accept_one_of_two' && session.to.length > 0) {
    session.socket.write('550 5.1.1 No such user here\r\n');
    return;
  }
  session.to.push(addressIn(line));
  session.socket.write('250 2.1.5 Ok\r\n');
}

function beginContent(session: Session, mode: RudeMode): void {
  if (mode === 'drop_at_data') return void session.socket.destroy();
  session.content = [];
  session.socket.write('354 End data with <CR><LF>.<CR><LF>\r\n');
}

function contentLine(line: string, session: Session, content: string[], rudeness: Rudeness): void {
  if (line !== '.') {
    content.push(line.startsWith('.') ? line.slice(1) : line);
    if (rudeness.mode === 'drop_before_dot') session.socket.destroy();
    return;
  }
  session.content = null;
  const raw = Buffer.from(`${content.join('\r\n')}\r\n`, 'latin1').toString('utf8');
  answerDot({ from: session.from, to: session.to, raw, at: rudeness.clock() }, session.socket, rudeness);
}

function answerDot(mail: SunkMail, socket: Socket, { mode, mails }: Rudeness): void {
  if (mode === 'refuse_451_after_dot') return void socket.write('451 4.3.0 Try again later\r\n');
  if (mode === 'refuse_554_after_dot') return void socket.write('554 5.7.1 Content refused\r\n');
  mails.push(mail);
  if (mode === 'drop_after_dot') return void socket.destroy();
  if (mode === 'partial_after_dot') return void socket.end('25');
  if (mode === 'hang_after_dot') return;
  socket.write('250 2.0.0 Queued\r\n');
}

const addressIn = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? '';
