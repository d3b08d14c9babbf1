// Appends 200 lines, or files until there is nothing more for a while.
import { openSpool } from '../../src/base/spool.ts';

const [folder = '', what, name] = process.argv.slice(2);
const spool = openSpool({ folder, maxBytes: 1024 * 1024 });
const seen: string[] = [];
if (what === 'append') {
  for (let n = 0; n < 200; n++) await spool.append([`${name}${n}`]);
} else {
  const take = (lines: readonly string[]) => {
    seen.push(...lines);
    return Promise.resolve([]);
  };
  // A bounded number of turns, each giving the others a chance: the writers end somewhere in the middle.
  for (let turn = 0; turn < 400; turn++) {
    await spool.file(take);
    await new Promise(setImmediate);
  }
}
process.stdout.write(JSON.stringify(seen));
