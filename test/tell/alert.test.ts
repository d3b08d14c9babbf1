import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { DAY, MINUTE } from '../../src/core/time.ts';
import { raise } from '../../src/store/alerts.ts';
import type { Store } from '../../src/store/db/open.ts';
import { type AlertDeps, bundleAlerts, sendAlerts } from '../../src/tell/alert.ts';
import { createChannels } from '../../src/tell/channels/create.ts';
import { clockAt, MORNING, type SetClock } from '../support/clock.ts';
import { startScript } from '../support/http-script.ts';
import { slowly } from '../support/slowly.ts';
import { eachStore } from '../support/stores.ts';

const LEASE = 60;
const log = { debug() {}, info() {}, warn() {}, error() {} };

/** A daemon on this store that tells its administrators through a webhook. */
function daemonOn(store: Store, webhook: string, clock: SetClock): AlertDeps {
  const config = {
    ADMIN_EMAILS: [],
    SECONDARY: [],
    SECONDARY_SMTP_URL: [],
    MAILGUN_DOMAIN: [],
    ALERT_WEBHOOK_URL: webhook,
  };
  const none = { ALERT_FROM: undefined, ALERT_SMTP_URL: undefined, ALERT_SLACK_URL: undefined };
  const { alerts: channels } = createChannels(
    { ...config, ...none },
    {
      ...{ timeout: 1000, dataTimeout: 1000, now: clock, onCall: () => [] },
    },
  );
  const waits = { group: 1, repeat: 1, lease: LEASE, pause: 1000 };
  return { store, channels, ...waits, publicUrl: null, now: clock, log };
}

async function incidents(store: Store, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const name = `webhooks_silent:${n}`;
    await raise(store, { item_key: name, incident: name, kind: 'webhooks_silent', at: MORNING, detail: null });
  }
}

eachStore(
  'an alert that takes longer to send than its lease is sent by one daemon, once',
  async ({ t, store, open }) => {
    const clock = clockAt();
    const done = (response: ServerResponse) => void response.writeHead(200).end();
    let other: Promise<number> | null = null;
    const { url, seen } = await startScript(t, (response, _seen, count) => {
      if (count > 1) return done(response);
      slowly(store, 'alerts', clock, LEASE)
        .then(() => (other = sendAlerts(daemonOn(open(), url, clock))))
        .then(() => done(response), done);
    });
    const first = daemonOn(store, url, clock);
    await incidents(store, 3);
    clock.advance(10);
    assert.equal(await bundleAlerts(first), 3);
    assert.deepEqual([await sendAlerts(first), await other], [1, 2]);
    const ids = seen.map(({ body }) => (JSON.parse(body.toString()) as { id: string }).id);
    assert.deepEqual([ids.length, new Set(ids).size], [3, 3]);
    clock.advance(10 * LEASE);
    assert.equal(await sendAlerts(first), 0);
  },
);

eachStore(
  'an alert whose sender died in the middle of it is sent when its lease has ended',
  async ({ t, store, open }) => {
    const clock = clockAt();
    const { url, seen } = await startScript(t, (response, _seen, count) => {
      if (count === 1) response.destroy();
      else response.writeHead(200).end();
    });
    await incidents(store, 1);
    clock.advance(10);
    const [dead, alive] = [daemonOn(store, url, clock), daemonOn(open(), url, clock)];
    await bundleAlerts(dead);
    // What a daemon leaves behind that is killed while it sends.
    await store.db('alerts').update({ due_at: clock() + LEASE, lease: 'of the dead' });
    assert.equal(await sendAlerts(alive), 0);
    clock.advance(LEASE);
    assert.equal(await sendAlerts(alive), 0, 'the connection broke');
    clock.advance(1000);
    assert.equal(await sendAlerts(alive), 1);
    assert.equal(seen.length, 2);
  },
);

eachStore('what was to be told before the clock was set back by a day is told', async ({ t, store }) => {
  const clock = clockAt(MORNING + DAY);
  const { url, seen } = await startScript(t, (response) => void response.writeHead(200).end());
  const daemon = { ...daemonOn(store, url, clock), group: MINUTE, repeat: 15 * MINUTE };
  const told = async (n: number) => {
    const item = { incident: 'gave_up:mg.example.com', kind: 'gave_up' as const, detail: null };
    await raise(store, { ...item, item_key: `gave_up:${n}`, at: clock() });
  };
  await told(1);
  clock.advance(MINUTE);
  assert.equal(await bundleAlerts(daemon), 1);
  await told(2);
  clock.set(MORNING);
  assert.equal(await bundleAlerts(daemon), 0, 'what was told first goes out first');
  assert.equal(await sendAlerts(daemon), 1);
  assert.equal(await bundleAlerts(daemon), 1);
  assert.equal(await sendAlerts(daemon), 1);
  await told(3);
  clock.advance(2 * MINUTE);
  assert.equal(await bundleAlerts(daemon), 0, 'it is told again after a while');
  clock.advance(30 * MINUTE);
  assert.equal(await bundleAlerts(daemon), 1);
  assert.equal(await sendAlerts(daemon), 1);
  assert.equal(seen.length, 3);
});
