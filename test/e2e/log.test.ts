import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '../../src/lab/campaign/application.ts';
import { startProcess } from '../../src/lab/campaign/daemon.ts';
import { freePort } from '../../src/lab/servers/mariadb.ts';
import { startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { freshDatabase } from '../support/stores.ts';

const FULL = '/dev/full';

/** A file to which nothing can be written; not every system has it. */
const skip = !process.env['CI'] && !existsSync(FULL) && `there is no ${FULL}`;

test('a daemon whose log can not be written goes on with the mail', { skip }, async (t) => {
  const sim = await startSimMailgun({ apiKey: 'key', signingKey: 'signing', domains: ['mg.example.com'] });
  t.after(sim.close);
  const port = await freePort();
  const log = openSync(FULL, 'w');
  t.after(() => closeSync(log));
  const daemon = startProcess(
    ['start'],
    {
      ...sim.environment,
      ...{ DATABASE_URL: await freshDatabase(t, 'sqlite'), HOST: '127.0.0.1', PORT: String(port) },
      ...{ API_TOKENS: 'token', ENCRYPTION_KEY: 'ab'.repeat(32) },
    },
    log,
  );
  t.after(daemon.kill);
  const url = `http://127.0.0.1:${port}`;
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until('the daemon to be ready', isReady);
  for (let n = 0; n < 20; n++) {
    const body = new URLSearchParams({ from: 'team@mg.example.com', to: `person${n}@example.org`, text: 'Hello' });
    const headers = { authorization: `Basic ${btoa('api:token')}` };
    const answer = await fetch(`${url}/v3/mg.example.com/messages`, { method: 'POST', headers, body });
    assert.equal(answer.status, 200);
  }
  await until('all mail at Mailgun', () => sim.handovers.length === 20);
  daemon.signal('SIGTERM');
  assert.deepEqual(await daemon.ended, { code: 0, signal: null });
});
