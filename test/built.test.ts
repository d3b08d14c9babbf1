import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

test('a build is taken only when it is whole, and made of what the sources are now', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'homing built-'));
  t.after(() => rmSync(root, { recursive: true }));
  const put = (file: string, content = '') => {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), content);
    // As an update does it that keeps its times: they say nothing.
    utimesSync(join(root, file), 1000, 1000);
  };
  const sources = ['src/cli.ts', 'src/core/fold.ts', 'migrations/001.ts', 'package.json', 'tsconfig.json'];
  for (const file of [...sources, 'tsconfig.build.json', 'scripts/build.mjs', 'scripts/build-library.ts']) put(file);
  cpSync('scripts/built.mjs', join(root, 'scripts', 'built.mjs'));
  type Built = { isBuilt(): boolean; fingerprint(): string };
  const { isBuilt, fingerprint } = (await import(join(root, 'scripts', 'built.mjs'))) as Built;

  put('dist/src/cli.js');
  assert.equal(isBuilt(), false, 'half a build');
  put('dist/.built', fingerprint());
  assert.equal(isBuilt(), true, 'a whole one');
  for (const file of sources) {
    put(file, 'changed');
    assert.equal(isBuilt(), false, file);
    put(file);
  }
  assert.equal(isBuilt(), true, 'as before');
  put('src/new.ts');
  assert.equal(isBuilt(), false, 'a file was added');
  rmSync(join(root, 'src/new.ts'));
  rmSync(join(root, 'src/core/fold.ts'));
  assert.equal(isBuilt(), false, 'a file was taken away');

  rmSync(join(root, 'src'), { recursive: true });
  assert.equal(isBuilt(), true, 'where only the build was brought');
});
