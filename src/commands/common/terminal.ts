import { styleText } from 'node:util';
import type { Env } from '../../config/env.ts';
import type { Clock } from '../../core/time.ts';
import { wrap } from '../../core/words/wrap.ts';

/** Where the commands read from and write to. */
export type Terminal = {
  env: Env;
  now: Clock;
  out: NodeJS.WritableStream;
  err: NodeJS.WritableStream;
  /** Whether a person reads `out`. Only colours depend on it. */
  colours: boolean;
  /** The exit code when nothing is thrown: the command has run, and its answer may be no. */
  exitCode: number;
};

/** The codes that a process ends with. */
export const EXIT = { done: 0, failed: 1, usage: 2, configuration: 78 } as const;

/** The command could not do what it was asked; the message is for people, and all that is printed. */
export class Failed extends Error {
  override readonly name = 'Failed';
  readonly exitCode: number;
  constructor(message: string, exitCode: number = EXIT.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

export const say = (terminal: Terminal, ...lines: string[]): void => {
  terminal.out.write(`${lines.join('\n')}\n`);
};

export const sayJson = (terminal: Terminal, value: unknown): void => say(terminal, JSON.stringify(value, null, 2));

type Style = Parameters<typeof styleText>[0];

export const paint = (terminal: Terminal, style: Style, text: string): string =>
  terminal.colours ? styleText(style, text) : text;

// biome-ignore lint/suspicious/noControlCharactersInRegex: what a server says may hold escape sequences for the terminal
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+/g;

/** One line that is safe to print, whoever wrote it. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, ' ').trim();

const WIDTH = 80;

/** The text behind a head, in lines of 80 columns; the lines after the first are indented as far as the head is long. */
export const wrapped = (head: string, text: string): string =>
  wrap(head + printable(text).replace(/ +/g, ' '), { width: WIDTH, hang: ' '.repeat(head.length) });

export const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
