import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { until } from '../../src/lab/campaign/application.ts';
import { createWorld, DOMAIN } from '../../src/lab/campaign/world.ts';
import { channelTo, publish, withBroker } from '../support/broker.ts';

const ROOT = join(import.meta.dirname, '../..');
const COUNT = 20;

/** Runs an example of the documentation against this broker. */
function example(t: TestContext, name: string, url: string): ChildProcess {
  const text = readFileSync(join(ROOT, 'docs/brokers.md'), 'utf8');
  const [, script] = new RegExp(`<!-- ${name} -->\n\`\`\`js\n([^]*?)\`\`\``).exec(text) ?? [];
  assert.ok(script);
  const env = { ...process.env, AMQP_URL: url };
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT, env });
  child.stderr?.pipe(process.stderr);
  t.after(() => child.kill());
  return child;
}

withBroker(
  'the examples work, and mail that comes by a broker leaves once while daemon and broker are killed',
  async (t, broker) => {
    const env = { ENCRYPTION_KEY: 'ab'.repeat(32), INTAKE_URL: broker.url, EVENTS_URL: broker.url };
    const world = await createWorld({ env, sim: { otherwise: () => 'deliver' } });
    t.after(world.close);
    const heard = new Set<string>();
    let said = '';
    const listen = () => {
      const listener = example(t, 'consume', broker.url);
      listener.stdout?.on('data', (piece: Buffer) => {
        said += piece.toString();
        for (const [, recipient] of said.matchAll(/message\.delivered (\S+)/g)) if (recipient) heard.add(recipient);
      });
    };
    listen();
    const first = await world.start();
    const channel = await channelTo(t, broker);
    const queue = 'homing.intake';
    const isThere = () =>
      channelTo(t, broker)
        .then(async (own) => own.checkQueue(queue))
        .then(
          () => true,
          () => false,
        );
    await until('the queue to be made', isThere);
    const [code] = (await once(example(t, 'publish', broker.url), 'exit')) as [number];
    assert.equal(code, 0);
    // The daemon knows within seconds that somebody wants to be told.
    let tries = 0;
    await until('an event to come', async () => {
      tries++;
      const mail = { domain: DOMAIN, from: `a@${DOMAIN}`, to: `try${tries}@there.example`, subject: 'x', text: 'x' };
      await publish(channel, queue, mail, { messageId: `try-${tries}` });
      return heard.size > 0;
    });
    // What the broker was told to make is on its disk for certain only then.
    await broker.shutDown();
    await broker.restart();
    listen();
    const again = await channelTo(t, broker);
    for (let n = 0; n < COUNT; n++) {
      const mail = { domain: DOMAIN, from: `a@${DOMAIN}`, to: `p${n}@there.example`, subject: 'Hello', text: 'Hi' };
      await publish(again, queue, mail, { messageId: `mail-${n}` });
      if (n === COUNT / 2) first.signal('SIGKILL');
    }
    await broker.kill();
    await broker.restart();
    listen();
    await world.start();
    const all = ['ann@example.org', ...Array.from({ length: COUNT }, (_, n) => `p${n}@there.example`)];
    await until('all to arrive', () => all.every((recipient) => world.sim.copies(recipient) > 0));
    for (const recipient of all) assert.equal(world.sim.copies(recipient), 1, recipient);
  },
);
