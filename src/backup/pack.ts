// How a backup lies in its file: a line that says what it is, then the database, compressed and sealed. The line is bound to
// what is sealed, so it can't be exchanged.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { AppError } from '../base/errors.ts';
import { sealed, unsealed } from '../base/seal-stream.ts';

const header = z.object({
  homing: z.literal('backup'),
  version: z.literal(1),
  at: z.number().int(),
  kind: z.enum(['sqlite', 'mysql']),
  migration: z.string().max(100),
});
export type Header = z.infer<typeof header>;

/** What went through, before it was compressed. */
export type Passed = { plainBytes: number; sha256: string };

const PIECE = 256 * 1024;

/** Writes a backup into a file, piece by piece. */
export async function pack(
  source: AsyncIterable<Buffer>,
  into: FileHandle,
  { head, key, signal }: { head: Header; key: string; signal: AbortSignal },
): Promise<Passed> {
  const line = `${JSON.stringify(head)}\n`;
  const meter = metered();
  await into.write(line);
  await pipeline(
    source,
    meter.through,
    // Four fifths of what the default level saves, in a third of its time.
    createGzip({ level: constants.Z_BEST_SPEED, chunkSize: PIECE }),
    (packed: AsyncIterable<Buffer>) => sealed(packed, key, line),
    async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) await into.write(piece);
    },
    { signal },
  );
  return meter.passed();
}

/** Reads a backup out of its file into wherever it goes; rejects at the first byte that is not as it was written. */
export async function unpack(
  file: string,
  { keys, signal }: { keys: readonly string[]; signal: AbortSignal },
  into: (plain: AsyncIterable<Buffer>) => Promise<void>,
): Promise<Passed> {
  const { line } = await headOf(file);
  const meter = metered();
  const sealedPart = createReadStream(file, { start: Buffer.byteLength(line), highWaterMark: PIECE });
  await pipeline(
    sealedPart,
    (pieces: Readable) => unsealed(pieces, keys, line),
    createGunzip({ chunkSize: PIECE }),
    meter.through,
    into,
    { signal },
  );
  return meter.passed();
}

/** Reads it through, and goes by what comes out. */
export const passedOf = (file: string, how: { keys: readonly string[]; signal: AbortSignal }): Promise<Passed> =>
  unpack(file, how, async (plain) => {
    for await (const _ of plain);
  });

const LONGEST_LINE = 4096;

/** What the first line of a backup says. */
export async function headOf(file: string): Promise<{ head: Header; line: string }> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LONGEST_LINE), 0, LONGEST_LINE, 0);
    const end = buffer.subarray(0, bytesRead).indexOf('\n');
    const line = buffer.toString('utf8', 0, end + 1);
    return { head: header.parse(JSON.parse(line)), line };
  } catch (error) {
    throw new AppError('invalid', `${file} is no backup of Homing`, [], { cause: error });
  } finally {
    await handle.close();
  }
}

function metered() {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    async *through(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
      for await (const part of source) {
        hash.update(part);
        bytes += part.length;
        yield part;
      }
    },
    passed: (): Passed => ({ plainBytes: bytes, sha256: hash.digest('hex') }),
  };
}
