import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSpool } from '../../src/base/spool.ts';
import { child } from '../support/child.ts';

const LARGE = 1024 * 1024;
const NOBODY = 65_534;

function freshFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'homing-spool-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'spool');
}

/** Takes every line and remembers it. */
function taker() {
  const lines: string[] = [];
  const take = (more: readonly string[]) => {
    lines.push(...more);
    return Promise.resolve([]);
  };
  return { lines, take };
}

test('what was appended is filed once, in its order, and the folder is empty then', async (t) => {
  const folder = freshFolder(t);
  const spool = openSpool({ folder, maxBytes: LARGE });
  assert.equal(await spool.append(['1', '2']), 2);
  assert.equal(await spool.append(['3']), 1);
  assert.equal(statSync(join(folder, 'spool.jsonl')).mode & 0o777, 0o600);
  const { lines, take } = taker();
  assert.equal(await spool.file(take), 3);
  assert.deepEqual(lines, ['1', '2', '3']);
  assert.equal(await spool.file(take), 0);
  assert.deepEqual(readdirSync(folder), []);
});

test('what can not be filed goes on waiting', async (t) => {
  const spool = openSpool({ folder: freshFolder(t), maxBytes: LARGE });
  await spool.append(['1']);
  await assert.rejects(
    spool.file(() => Promise.reject(new Error('down'))),
    /down/,
  );
  await spool.append(['2']);
  const { lines, take } = taker();
  assert.equal(await spool.file(take), 2);
  assert.deepEqual(lines, ['1', '2']);
});

test('the claim of a process that died is taken over, that of one that lives is not', async (t) => {
  const folder = freshFolder(t);
  mkdirSync(folder);
  appendFileSync(join(folder, 'filing-a.jsonl'), '"theirs"\n');
  const spool = openSpool({ folder, maxBytes: LARGE });
  const { lines, take } = taker();
  assert.equal(await spool.file(take), 0);
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
  assert.equal(await spool.file(take), 1);
  assert.deepEqual(lines, ['"theirs"']);
});

test('there is a limit to its size, and what found no room is told', async (t) => {
  const spool = openSpool({ folder: freshFolder(t), maxBytes: 100 });
  const line = 'x'.repeat(40);
  assert.equal(await spool.append([line]), 1);
  assert.equal(await spool.append([line, line]), 1);
  assert.equal(await spool.append([line]), 0);
  const { lines, take } = taker();
  await spool.file(take);
  assert.equal(lines.length, 2);
  assert.equal(await spool.append([line]), 1);
});

test('what was set aside takes no room from what waits', async (t) => {
  const folder = freshFolder(t);
  const spool = openSpool({ folder, maxBytes: 100 });
  const lines = ['x'.repeat(40), 'y'.repeat(40)];
  assert.equal(await spool.append(lines), 2);
  await spool.file(async (refused) => refused);
  assert.deepEqual(readdirSync(folder), ['set-aside.jsonl']);
  assert.equal(await spool.append(lines), 2);
});

test('a torn line harms none of those after it', async (t) => {
  const folder = freshFolder(t);
  const spool = openSpool({ folder, maxBytes: LARGE });
  await spool.append(['{"a":1}']);
  appendFileSync(join(folder, 'spool.jsonl'), '{"b":');
  await spool.append(['{"c":1}']);
  const { lines, take } = taker();
  await spool.file(take);
  assert.deepEqual(lines, ['{"a":1}', '{"b":', '{"c":1}']);
});

test('what no store will take is set aside', async (t) => {
  const folder = freshFolder(t);
  const spool = openSpool({ folder, maxBytes: LARGE });
  await spool.append(['1', '2']);
  assert.equal(await spool.file((lines) => Promise.resolve(lines.filter((l) => l === '2'))), 2);
  assert.equal(readFileSync(join(folder, 'set-aside.jsonl'), 'utf8').trim(), '2');
});

test('a folder where others may write must be ours alone', async (t) => {
  const folder = freshFolder(t);
  mkdirSync(folder, { mode: 0o755 });
  await assert.rejects(openSpool({ folder, maxBytes: LARGE, shared: true }).append(['1']), /not ours alone/);
  assert.equal(await openSpool({ folder: join(folder, 'own'), maxBytes: LARGE, shared: true }).append(['1']), 1);
});

const LINE = '{"secret":"of somebody else"}\n';

/** What an attacker can put under a name of ours; each makes one. */
const FOREIGN: Record<string, (path: string, outside: string) => void> = {
  'a symbolic link to a file': (path, outside) => symlinkSync(outside, path),
  'a symbolic link to a device': (path) => symlinkSync('/dev/zero', path),
  'a hard link to a file': (path, outside) => linkSync(outside, path),
  'a pipe': (path) => assert.equal(spawnSync('mkfifo', [path]).status, 0),
  'a folder': (path) => mkdirSync(path),
  'a file of another user': (path) => {
    writeFileSync(path, LINE, { mode: 0o666 });
    chownSync(path, 54321, 54321);
  },
  'a file beyond all bounds': (path) => {
    writeFileSync(path, LINE);
    truncateSync(path, 3 * 1024 * LARGE);
  },
};

for (const [what, plant] of Object.entries(FOREIGN)) {
  test(`${what} in the folder is not read, and holds up nothing`, async (t) => {
    if (what.includes('another user') && process.getuid?.() !== 0) return t.skip('only root can give a file away');
    const folder = freshFolder(t);
    mkdirSync(folder);
    const outside = join(folder, '..', 'outside');
    writeFileSync(outside, LINE);
    const spool = openSpool({ folder, maxBytes: 10_000 });
    await spool.append(['1']);
    plant(join(folder, 'waiting-0.jsonl'), outside);
    plant(join(folder, 'filing-0.jsonl'), outside);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 61_000 });
    const { lines, take } = taker();
    assert.equal(await spool.file(take), 1);
    assert.deepEqual(lines, ['1']);
    assert.deepEqual(readdirSync(folder).sort(), ['filing-0.jsonl', 'waiting-0.jsonl']);
    assert.equal(await spool.append(['2']), 1);
    assert.equal(readFileSync(outside, 'utf8'), LINE);
  });

  test(`${what} where lines are appended is not written to, and not for long in the way`, async (t) => {
    if (what.includes('another user') && process.getuid?.() !== 0) return t.skip('only root can give a file away');
    const folder = freshFolder(t);
    mkdirSync(folder);
    const outside = join(folder, '..', 'outside');
    writeFileSync(outside, LINE);
    plant(join(folder, 'spool.jsonl'), outside);
    const spool = openSpool({ folder, maxBytes: 10_000 });
    await assert.rejects(spool.append(['1']));
    assert.equal(readFileSync(outside, 'utf8'), LINE);
    const { lines, take } = taker();
    await spool.file(take);
    assert.equal(await spool.append(['2']), 1);
    await spool.file(take);
    assert.deepEqual(lines, ['2']);
  });
}

for (const [what, plant] of Object.entries(FOREIGN)) {
  test(`${what} in the place of what was set aside is not written to, and keeps no record waiting`, async (t) => {
    if (what.includes('another user') && process.getuid?.() !== 0) return t.skip('only root can give a file away');
    const folder = freshFolder(t);
    const outside = join(folder, '..', 'outside');
    writeFileSync(outside, LINE);
    const spool = openSpool({ folder, maxBytes: 10_000 });
    await spool.append(['torn', '1']);
    plant(join(folder, 'set-aside.jsonl'), outside);
    assert.equal(await spool.file(async (lines) => lines.filter((line) => line === 'torn')), 2);
    assert.equal(readFileSync(join(folder, 'set-aside.jsonl'), 'utf8').trim(), 'torn');
    assert.equal(readFileSync(outside, 'utf8'), LINE);
  });
}

test('a file that this user may not read keeps none of the others from being filed', async (t) => {
  const folder = freshFolder(t);
  const spool = openSpool({ folder, maxBytes: 10_000 });
  await spool.append(['1']);
  writeFileSync(join(folder, 'waiting-0.jsonl'), '0\n', { mode: 0 });
  if (process.getuid?.() === 0) becomeNobody(t, [join(folder, '..'), folder, join(folder, 'spool.jsonl')]);
  const { lines, take } = taker();
  await assert.rejects(spool.file(take), { code: 'EACCES' });
  assert.deepEqual(lines, ['1']);
  assert.deepEqual(readdirSync(folder), ['waiting-0.jsonl']);
});

/** Root may read everything. */
function becomeNobody(t: TestContext, paths: readonly string[]): void {
  for (const path of paths) chownSync(path, NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  t.after(() => process.seteuid?.(0));
}

test('a line that never ends is left out, those around it are filed', async (t) => {
  const folder = freshFolder(t);
  mkdirSync(folder);
  writeFileSync(join(folder, 'waiting-0.jsonl'), `1\n${'x'.repeat(3 * LARGE)}\n2\n`);
  const spool = openSpool({ folder, maxBytes: LARGE });
  const seen: string[] = [];
  await spool.file(async (lines) => {
    seen.push(...lines);
    return lines.filter((line) => line.length > 1);
  });
  assert.deepEqual(seen, ['1', 'a line of more than 1048576 bytes was left out', '2']);
  assert.match(readFileSync(join(folder, 'set-aside.jsonl'), 'utf8').trim(), /left out$/);
});

test('a claim is renewed with each batch, so that it stays the one of its process', async (t) => {
  const folder = freshFolder(t);
  const spool = openSpool({ folder, maxBytes: LARGE });
  await spool.append(Array.from({ length: 250 }, (_, n) => String(n)));
  const changed: bigint[] = [];
  await spool.file(async () => {
    const [name = ''] = readdirSync(folder);
    changed.push(statSync(join(folder, name), { bigint: true }).ctimeNs);
    return [];
  });
  const [first = 0n, second = 0n, third = 0n] = changed;
  assert.ok(first < second && second < third, changed.join(' '));
});

test('several processes append while others file: nothing is lost', async (t) => {
  const folder = freshFolder(t);
  const appended = ['a', 'b', 'c'].map((name) => child('spool-child.ts', folder, 'append', name));
  const filed = [1, 2].map(() => child('spool-child.ts', folder, 'file'));
  await Promise.all(appended);
  const seen = new Set([...((await Promise.all(filed)) as string[][]).flat()]);
  const { lines, take } = taker();
  await openSpool({ folder, maxBytes: LARGE }).file(take);
  for (const line of lines) seen.add(line);
  assert.equal(seen.size, 600);
});

test('a full disk loses only what it has no room for, and says so', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-small-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
  t.after(() => {
    if (mounted.status === 0) spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  if (mounted.status !== 0) return t.skip('no small disk can be mounted here');
  const spool = openSpool({ folder: join(folder, 'spool'), maxBytes: LARGE });
  const kept: string[] = [];
  let refusals = 0;
  for (let n = 0; n < 40; n++) {
    const line = `${n} ${'x'.repeat(4000)}`;
    try {
      kept.push(...((await spool.append([line])) > 0 ? [line] : []));
    } catch {
      refusals++;
    }
  }
  assert.ok(refusals > 10 && kept.length > 5);
  const { lines, take } = taker();
  await spool.file(take);
  assert.deepEqual(
    kept.filter((line) => !lines.includes(line)),
    [],
  );
  assert.equal(await spool.append(['again']), 1);
});
