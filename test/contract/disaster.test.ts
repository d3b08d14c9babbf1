// docs/disaster-recovery.md: the commands of each chapter are run in their order, on a database with mail and a backup.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Env } from '../../src/config/env.ts';
import { type DaemonProcess, startProcess } from '../../src/lab/campaign/daemon.ts';
import { addHold } from '../../src/store/notes/holds.ts';
import { tempFolder } from '../backup/support.ts';
import { healthy } from '../commands/doctor/support.ts';
import { everyCommand, runHere } from '../commands/support.ts';
import { withoutOpenssl } from '../support/certificates.ts';
import { seed } from '../support/factory.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/disaster-recovery.md'), 'utf8');

/** The chapters with their commands, in the order in which they stand: those in blocks, and those in the text. */
const chapters = page
  .split(/^## /m)
  .slice(1)
  .map((text) => {
    const code = [...text.matchAll(/`((?:homing|openssl) [^`\n]+)`|^ *((?:homing|openssl) [^#\n]+)/gm)];
    return {
      title: text.split('\n')[0] ?? '',
      commands: code.map(([, inline, line]) => (inline ?? line ?? '').trim()),
    };
  })
  .filter(({ commands }) => commands.length > 0);

test('every kind of loss has a chapter with commands', () => {
  const titles = chapters.map(({ title }) => title);
  for (const what of ['machine', 'database', 'region', 'keys', 'account at Mailgun'])
    assert.ok(
      titles.some((title) => new RegExp(`^The ${what} (is|are) lost$`).test(title)),
      what,
    );
});

/** Something that was lost, as far as a test can lose it: all is there, with mail that waits and a backup. */
async function site(t: TestContext) {
  const { store, env: settings } = await healthy(t);
  const folder = tempFolder(t);
  mkdirSync(join(folder, 'backups'));
  const env: Env = {
    ...settings,
    BACKUP_DIR: join(folder, 'backups'),
    HOST: '127.0.0.1',
    PORT: '0',
    ALERT_FROM: 'h@mg.example.com',
  };
  await seed(store, { subject: 'waits', facts: [], createdAt: Date.now() }, Date.now());
  const everything = await everyCommand();
  const run = (args: readonly string[]) => runHere(everything, args, env);
  assert.equal((await run(['backup'])).code, 0);
  await run(['doctor', '--fix-webhooks']);
  const hold = await addHold(
    store,
    { provider: null, class: 'bulk', until: null, reason: 'x', who: 'ann' },
    Date.now(),
  );
  const url = `sqlite:${join(folder, 'restored.sqlite')}`;
  return { env, run, words: (text: string) => text.replace('<url>', url).replace('<hold>', hold.id), url };
}

/** Until it is up; it is stopped at once. */
async function startsAndStops(args: readonly string[], env: Env): Promise<void> {
  const given = Object.fromEntries(Object.entries(env).filter((one): one is [string, string] => one[1] !== undefined));
  const daemon: DaemonProcess = startProcess(args, given);
  await daemon.up;
  await daemon.kill();
}

for (const { title, commands } of chapters) {
  test(`the commands of "${title}" run, one after the other`, async (t) => {
    const { env, run, words, url } = await site(t);
    for (const command of commands) {
      const [name = '', ...args] = parse(words(command));
      if (name === 'openssl') {
        if (!withoutOpenssl()) execFileSync(name, args);
      } else if (args[0] === 'start') await startsAndStops(args, env);
      else {
        const { code, out, err } = await run(args);
        assert.equal(code, 0, `${command}: ${out}${err}`);
        assert.notEqual(out, '', command);
      }
      // As the step after it says.
      if (args[0] === 'restore' && args.includes('--to')) env['DATABASE_URL'] = url;
    }
  });
}

/** The words of a line of shell that has no more than double quotes. */
const parse = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
