// A simulated Mailgun takes the part of the real one: what reaches it of a drill, and what the drill makes of it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { failedIn } from '../../../src/core/drills.ts';
import { SECOND } from '../../../src/core/time.ts';
import { startSimMailgun } from '../../../src/lab/sim/mailgun.ts';
import { patientPace, play, saidBy } from './support.ts';

const DOMAIN = 'drill.example.com';
const RECIPIENTS = ['me@example.com', 'you@example.org', 'them@example.net'];

async function mailgun(t: TestContext) {
  const sim = await startSimMailgun({
    apiKey: 'key-0123456789',
    signingKey: 'sign-0123456789',
    domains: [DOMAIN, 'mg.example.com'],
  });
  t.after(sim.close);
  const env = {
    ...{ MAILGUN_API_KEY: 'key-0123456789', MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-0123456789' },
    ...{ RETRY_UNIT: '1s', RETRY_BASE: '2', RECONCILE_CRON: '* * * * * *', EVENTS_SETTLE: '3s', DUE_POLL: '200ms' },
    ...{
      LEASE: '20s',
      ACCESS_FALLBACK_AFTER: '5s',
      OUTAGE_WINDOW: '5s',
      OUTAGE_STEADY: '5s',
      OUTAGE_PATIENCE: '10m',
      DRAIN_RATE: '20',
    },
    // What is of the daemon that runs, and nothing of a drill's.
    ...{
      MAILGUN_DOMAIN: 'mg.example.com',
      DATABASE_URL: 'mysql://nobody@127.0.0.1:1/none',
      ADMIN_EMAILS: 'real@example.com',
    },
    ...{
      SECONDARY_SMTP_URL: 'smtp://127.0.0.1:1',
      ALERT_SLACK_URL: 'http://127.0.0.1:1/',
      PROVIDER_SHARE: 'mailgun:1,other:99',
      DRILL_CRON: '* * * * * *',
    },
  };
  return { sim, place: { kind: 'staging' as const, env, apiUrl: sim.url, domain: DOMAIN, recipients: RECIPIENTS } };
}

test('against staging all mail is in test mode, of one domain and to those on the list, and nobody gets any', async (t) => {
  const { sim, place } = await mailgun(t);
  const report = await play(t, 'down', { place, pace: patientPace(), lasts: 5 * SECOND });
  assert.deepEqual(failedIn(report), []);
  assert.equal(report.ground, 'staging');
  assert.match(saidBy(report, 'one_copy'), /^each of \d+ mails arrived once$/);
  assert.ok(sim.handovers.length > 0);
  for (const { recipient, domain, storageKey } of sim.handovers) {
    assert.equal(sim.stored(storageKey)?.testMode, true);
    assert.equal(domain, DOMAIN);
    assert.ok([...RECIPIENTS, `drill@${DOMAIN}`].includes(recipient), recipient);
  }
  assert.deepEqual(RECIPIENTS.map(sim.copies), [0, 0, 0]);
  const changing = sim.requests.filter(
    ({ method, path }) => method !== 'GET' && !/\/messages$|\/analytics\/logs$/.test(path),
  );
  assert.deepEqual(
    changing.map(({ method, path }) => `${method} ${path}`),
    [],
  );
});
