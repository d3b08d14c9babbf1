import type { z } from 'zod';
import type { Ms } from '../core/time.ts';

/** A daemon does not start without the `needed` ones; the `usual` ones are worth a look; most people never touch the rest. */
export type Level = 'needed' | 'usual' | 'rarely';

/** One environment variable. The documentation is made from what is said here. */
export type Setting = {
  /** Reads the text, or refuses it in words that do not repeat it: it may be a secret. */
  kind: z.ZodType;
  /** Written as in the environment. A setting without a default may be undefined. */
  default?: string;
  /** In place of a default: a wait in proportion to `RETRY_UNIT` (a minute at most), so that one setting shortens all waits. */
  follows?: (unit: Ms, lease: Ms) => Ms;
  level: Level;
  /** Who sees its value may do what only we should: nothing of it is shown, or of each URL no more than where it leads. */
  hides?: 'all' | 'login';
  /** What it does, in a sentence or two. */
  says: string;
  /** What follows from not setting it, where that is worth a line at every start. */
  unset?: string;
  /** A setting that serves in place of this one: when that is set, nothing is missing. */
  orElse?: string;
  /** A setting without which this one can not be used. */
  needs?: string;
};

/** The settings of one room, with what can be said only of several of them together. */
export type Room<S extends Record<string, Setting> = Record<string, Setting>> = {
  title: string;
  settings: S;
  /** What keeps a daemon from starting with these values. */
  problems?(values: Values<S>): string[];
  /** What is allowed, and most likely a mistake. */
  doubts?(values: Values<S>): string[];
};

/** A setting as it holds, for people to read. */
export type ShownSetting = Pick<Setting, 'level' | 'says'> & {
  name: string;
  /** Without what is secret; null when it is not set. */
  value: string | null;
  /** Whether there is a value that is not shown, or not whole. */
  isHidden: boolean;
  from: 'environment' | '.env' | 'default' | 'RETRY_UNIT' | null;
  /** What follows from its not being set. */
  unset: string | null;
};

export type ShownRoom = { title: string; settings: ShownSetting[] };

type Value<S extends Setting> =
  | z.output<S['kind']>
  | (Extract<keyof S, 'default' | 'follows'> extends never ? undefined : never);

export type Values<S extends Record<string, Setting>> = { readonly [Name in keyof S]: Value<S[Name]> };

/** What a room's steps may read: `type TellSettings = SettingsOf<typeof TELL>`. */
export type SettingsOf<R extends Room> = R extends Room<infer S> ? Values<S> : never;

/** Declares a room, and lets its types be inferred. */
export const room = <S extends Record<string, Setting>>(declared: Room<S>): Room<S> => declared;
