import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { type AddCommand, run } from '../../src/commands/program.ts';
import type { Env } from '../../src/config/env.ts';
import type { Clock } from '../../src/core/time.ts';
import { type SimMailgun, type SimMailgunOptions, startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';

export type Ran = { code: number; out: string; err: string };

/** Runs one command as the program does, in this process. */
export async function runHere(
  command: AddCommand,
  args: readonly string[],
  env: Env,
  now: Clock = Date.now,
): Promise<Ran> {
  const [out, err] = [sink(), sink()];
  const terminal = { env, now, out: out.stream, err: err.stream, colours: false, exitCode: 0 };
  return { code: await run([command], args, terminal), out: out.text(), err: err.text() };
}

/** All commands that there are. */
export async function everyCommand(): Promise<AddCommand> {
  const folder = join(import.meta.dirname, '../../src/commands');
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const modules = await Promise.all(
    files.map((name) => import(join(folder, name)) as Promise<Record<string, unknown>>),
  );
  const adders = modules.flatMap((module) => Object.entries(module).filter(([name]) => /^add\w+Command$/.test(name)));
  return (program, terminal) => {
    for (const [, add] of adders) (add as AddCommand)(program, terminal);
  };
}

function sink() {
  let text = '';
  const stream = new Writable({
    write(part, _encoding, done) {
      text += String(part);
      done();
    },
  });
  return { stream, text: () => text };
}

/** A migrated SQLite file of its own. */
export async function database(t: TestContext): Promise<{ store: Store; url: string; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'homing-cli-'));
  const url = `sqlite:${join(folder, 'homing.sqlite')}`;
  const store = openStore(url);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await migrate(store.db);
  return { store, url, folder };
}

export const DOMAIN = 'mg.example.com';
export const KEY = 'key-0123456789';
export const SIGNING_KEY = 'sign-0123456789';

/** A simulated Mailgun, and the settings that lead to it. */
export async function mailgun(
  t: TestContext,
  options: Partial<SimMailgunOptions> = {},
): Promise<{ sim: SimMailgun; env: Env }> {
  const sim = await startSimMailgun({ apiKey: KEY, signingKey: SIGNING_KEY, domains: [DOMAIN], ...options });
  t.after(sim.close);
  const env = {
    MAILGUN_API_KEY: KEY,
    MAILGUN_DOMAIN: DOMAIN,
    MAILGUN_WEBHOOK_SIGNING_KEY: SIGNING_KEY,
    MAILGUN_API_URL: sim.url,
    MAILGUN_STORAGE_HOSTS: new URL(sim.url).host,
  };
  return { sim, env };
}
