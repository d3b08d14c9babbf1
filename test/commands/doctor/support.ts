import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import type { Finding } from '../../../src/commands/doctor/finding.ts';
import { addDoctorCommand } from '../../../src/commands/doctor.ts';
import type { Env } from '../../../src/config/env.ts';
import { startSink } from '../../../src/lab/sim/sink.ts';
import { RECONCILED, setCursor } from '../../../src/store/notes/cursors.ts';
import { makeIdentity } from '../../../src/store/notes/identity.ts';
import { start } from '../../http/support.ts';
import { database, KEY, mailgun, runHere, SIGNING_KEY } from '../support.ts';

const ENCRYPTION_KEY = randomBytes(32).toString('hex');
export const PASSWORD = 'swordfish';

export type Examined = {
  code: number;
  text: string;
  of: (check: string) => Finding[];
  worst: (check: string) => string;
};

export async function examine(env: Env, ...args: string[]): Promise<Examined> {
  const { code, out, err } = await runHere(addDoctorCommand, ['doctor', '--json', ...args], env);
  assert.equal(err, '');
  for (const secret of [KEY, SIGNING_KEY, ENCRYPTION_KEY, PASSWORD])
    assert.ok(!out.includes(secret), 'a secret is shown');
  const { findings, problems } = JSON.parse(out) as { findings: Finding[]; problems: number };
  assert.equal(code, problems > 0 ? 1 : 0);
  for (const { status, mend } of findings) assert.equal(mend === null, status === 'ok');
  const of = (check: string) => findings.filter((f) => f.check === check);
  const worst = (check: string) =>
    ['problem', 'warning', 'ok'].find((status) => of(check).some((f) => f.status === status)) ?? 'not there';
  return { code, text: out, of, worst };
}

/** All is well, save that no webhooks are registered yet. */
export async function healthy(t: TestContext) {
  const [{ store, url }, { sim, env }] = await Promise.all([database(t), mailgun(t)]);
  const [secondary, alerts] = await Promise.all([startSink({ users: { homing: PASSWORD } }), startSink()]);
  t.after(secondary.close);
  t.after(alerts.close);
  await setCursor(store, RECONCILED, '', Date.now());
  await makeIdentity(store, Date.now());
  const daemon = await start(t, { store });
  const settings: Env = {
    ...env,
    DATABASE_URL: url,
    PUBLIC_URL: `${daemon.url}/`,
    ENCRYPTION_KEY,
    SECONDARY_SMTP_URL: secondary.url,
    ALERT_SMTP_URL: alerts.url,
    ADMIN_EMAILS: 'admin@example.com',
    API_TOKENS: 'token-of-sixteen-or-more',
  };
  return { store, sim, env: settings, secondary, daemon };
}
