import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '..', '..');

test('the client is made of nothing but itself, the model, small tools and a parser of addresses', async () => {
  const entryPoints = [join(ROOT, 'src', 'client', 'index.ts')];
  const options = { bundle: true, platform: 'node', format: 'esm', write: false, metafile: true } as const;
  const { metafile } = await build({ entryPoints, absWorkingDir: ROOT, ...options });
  const parts = Object.keys(metafile.inputs).map((path) => path.replace(/^(.*node_modules)\//, 'node_modules/'));
  const known = /^src\/(client|core|base|mail)\/|^node_modules\/nodemailer\/dist\/\w+\/addressparser\//;
  assert.deepEqual(
    parts.filter((path) => !known.test(path)),
    [],
  );
  const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  assert.ok(bytes < 150_000, `${bytes} bytes`);
});
