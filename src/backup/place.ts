import type { FileHandle } from 'node:fs/promises';
import type { Ms } from '../core/time.ts';
import type { Manifest } from './manifest.ts';

/** Where backups lie: a sealed file each, and a manifest that is there only when the file is whole. */
export type Place = {
  /** As people know it. */
  name: string;
  /** Why nothing can be kept there, as far as that is known beforehand; null when it can. */
  trouble(): Promise<string | null>;
  /** All backups, newest first. What is there in half, or is not as its manifest says, is left out. */
  all(): Promise<Manifest[]>;
  /** The backup of that name; null when there is none, or not a whole one. */
  find(name: string): Promise<Manifest | null>;
  /** Keeps what is written under that name. `check` reads the file back; only then, with its manifest, it is a backup. */
  keep(
    name: string,
    write: (file: FileHandle) => Promise<unknown>,
    check: (file: string) => Promise<Manifest>,
  ): Promise<Manifest>;
  /** The sealed file, on this machine. */
  take(name: string): Promise<Taken>;
  /** The manifest goes first: from then on it is no backup. */
  remove(name: string): Promise<void>;
  /** Takes away what a process that was killed has left behind, of before that moment. */
  removeHalves(before: Ms): Promise<void>;
};

/** A file that is needed no more once it is done with. */
export type Taken = { file: string; done(): Promise<void> };
