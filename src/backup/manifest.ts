import { z } from 'zod';
import type { Ms } from '../core/time.ts';

const manifest = z.object({
  version: z.literal(1),
  name: z.string().regex(/^homing-\d{8}T\d{6}Z-[0-9A-Z]{6}$/),
  /** Tells databases that share a folder apart. */
  database: z.string().regex(/^[0-9a-f]{16}$/),
  /** The moment whose state it holds, to a second or so. */
  at: z.number().int().nonnegative(),
  kind: z.enum(['sqlite', 'mysql']),
  migration: z.string().max(100),
  /** Of the sealed file. */
  bytes: z.number().int().nonnegative(),
  /** Of what is in it. */
  plainBytes: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  counts: z.record(z.string().max(64), z.number().int().nonnegative()),
});

/** What is known of a backup without opening it. */
export type Manifest = z.infer<typeof manifest>;

/** A name that sorts by time; `id` tells those of one second apart. */
export const nameOf = (at: Ms, id: string): string =>
  `homing-${new Date(at).toISOString().replace(/[-:]|\.\d+/g, '')}-${id.slice(-6)}`;

/** A manifest is small; what is larger is none of ours. */
export const LARGEST_MANIFEST = 64 * 1024;

export const manifestText = (made: Manifest): string => `${JSON.stringify(made, null, 2)}\n`;

/** Reads a manifest; null for what is none, or not of the file of that name and length. */
export function manifestIn(text: string, name: string, bytes: number): Manifest | null {
  try {
    const read = manifest.parse(JSON.parse(text));
    return read.name === name && read.bytes === bytes ? read : null;
  } catch {
    return null;
  }
}

export const newestFirst = (all: readonly (Manifest | null)[]): Manifest[] =>
  all.filter((one) => one !== null).sort((a, b) => (a.name < b.name ? 1 : -1));
