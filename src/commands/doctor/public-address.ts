import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Config } from '../../config/config.ts';
import type { Ms } from '../../core/time.ts';
import { proofOf } from '../../store/notes/identity.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

const CHECK = 'public address';

/** Where webhooks are to be posted to, and whether a daemon of this database answers there. */
export type Address = { url: string; isOurs: boolean };

export type Addressed = { findings: Finding[]; address: Address | null };

type Asked = { config: Config; identity: string | null; timeout: Ms };

/** `identity` is that of the database; null when it is not known. */
export async function checkPublicAddress({ config, identity, timeout }: Asked): Promise<Addressed> {
  if (config.PUBLIC_URL === undefined) return { findings: [], address: null };
  const url = `${config.PUBLIC_URL.replace(/\/+$/, '')}/webhooks/mailgun`;
  const finding = identity === null ? UNKNOWN : await ask(url, identity, timeout);
  return { findings: [finding, ...reach(config, url)], address: { url, isOurs: finding.status === 'ok' } };
}

const UNKNOWN = warning(
  CHECK,
  'is not asked: the database does not say which daemon is the right one',
  'run "homing start", then the doctor again',
);

async function ask(url: string, identity: string, timeout: Ms): Promise<Finding> {
  const nonce = randomBytes(16).toString('hex');
  let response: Response;
  try {
    response = await fetch(`${url}?nonce=${nonce}`, { redirect: 'manual', signal: AbortSignal.timeout(timeout) });
  } catch (error) {
    return problem(CHECK, `${url} can't be reached from here: ${whyNot(error, timeout)}`, MEND_REACH);
  }
  const said = await proofIn(response).catch(() => null);
  if (said === proofOf(identity, nonce)) return ok(CHECK, `this daemon answers at ${url}`);
  if (said !== null) return problem(CHECK, `at ${url} answers a Homing that has another database`, MEND_OTHER);
  return strange(url, response);
}

const MEND_REACH =
  'start the daemon, and look at PUBLIC_URL, the proxy before it and its certificate; if only this machine may not go there, run the doctor on another';
const MEND_OTHER = 'set PUBLIC_URL to the address of the daemon that works on DATABASE_URL';

function strange(url: string, { status, headers }: Response): Finding {
  if (status >= 300 && status < 400) {
    const target = headers.get('location') ?? '';
    const to = URL.canParse(target, url) ? ` to ${new URL(target, url).origin}` : '';
    return problem(
      CHECK,
      `${url} redirects${to}, which a webhook does not follow`,
      'set PUBLIC_URL to the final address',
    );
  }
  if (status === 502 || status === 503 || status === 504)
    return problem(CHECK, `${url} answers ${status}: there is a proxy, and no daemon behind it`, 'start the daemon');
  return problem(CHECK, `at ${url} something else answers (${status})`, MEND_OTHER);
}

/** The first bytes of an answer are enough: ours is short. */
async function proofIn(response: Response): Promise<string | null> {
  let text = '';
  for await (const part of response.body ?? []) {
    text += Buffer.from(part as Uint8Array).toString('latin1');
    if (text.length > 4096) return null;
  }
  const proof: unknown = (JSON.parse(text) as { homing?: unknown } | null)?.homing;
  return typeof proof === 'string' ? proof : null;
}

function whyNot(error: unknown, timeout: Ms): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeout} ms`;
  const cause: unknown = error instanceof Error ? error.cause : null;
  if (!(cause instanceof Error)) return 'no connection';
  const code = 'code' in cause ? String(cause.code) : cause.message;
  return /CERT|SIGNATURE|TLS|SSL/.test(code) ? `its certificate is not accepted (${code})` : code;
}

/** What is right here may be out of reach for Mailgun, and what is reached may be read by others. */
function reach({ MAILGUN_API_URL }: Config, url: string): Finding[] {
  const { hostname, protocol } = new URL(url);
  if (isLocal(hostname))
    return isLocal(new URL(MAILGUN_API_URL).hostname)
      ? []
      : [
          warning(
            CHECK,
            `${hostname} is a name inside your own network: Mailgun can't post to it`,
            'set PUBLIC_URL to the address from outside',
          ),
        ];
  if (protocol === 'https:') return [];
  return [warning(CHECK, 'is plain http: others can read who gets your mail', 'set PUBLIC_URL to an https address')];
}

function isLocal(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return /(?:^|\.)(?:localhost|local|internal|lan|test)$/.test(host) || !host.includes('.');
  return /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.|^::1?$|^f[cd]|^fe80/i.test(host);
}
