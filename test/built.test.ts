import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('a build is taken only when it is whole, and newer than everything that it is made of', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'homing-built-'));
  t.after(() => rmSync(root, { recursive: true }));
  const put = (file: string, at: number) => {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), '');
    utimesSync(join(root, file), at, at);
  };
  const sources = ['src/cli.ts', 'src/core/fold.ts', 'migrations/001.ts', 'package.json', 'tsconfig.json'];
  for (const file of [...sources, 'tsconfig.build.json', 'scripts/build.mjs', 'scripts/build-library.ts'])
    put(file, 1000);
  cpSync('scripts/built.mjs', join(root, 'scripts', 'built.mjs'));
  const { isBuilt } = (await import(join(root, 'scripts', 'built.mjs'))) as { isBuilt(): boolean };
  // Folders change too, when a file is added or taken away.
  for (const folder of ['src', 'src/core', 'migrations']) utimesSync(join(root, folder), 1000, 1000);

  put('dist/src/cli.js', 2000);
  assert.equal(isBuilt(), false, 'half a build');
  put('dist/.built', 2000);
  assert.equal(isBuilt(), true, 'a whole one');
  for (const file of sources) {
    put(file, 3000);
    assert.equal(isBuilt(), false, file);
    put(file, 1000);
  }
  assert.equal(isBuilt(), true, 'as before');
  utimesSync(join(root, 'src/core'), 3000, 3000);
  assert.equal(isBuilt(), false, 'a file was taken away');
});
