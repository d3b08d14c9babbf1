// npm run check:package
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lint, packInto } from './packages.ts';

const folder = await mkdtemp(join(tmpdir(), 'homing-packages-'));
try {
  for (const tarball of Object.values(await packInto(folder))) {
    await lint(tarball);
    console.log(`${tarball.slice(folder.length + 1)} is fit to be published`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
