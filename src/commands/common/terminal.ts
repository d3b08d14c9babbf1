import { styleText } from 'node:util';
import type { Env } from '../../config/env.ts';
import { safeJson, safeLine, safeLines } from '../../core/safe-text.ts';
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

/** Prints lines. Whatever got into them, only the colours of `paint` reach the terminal as what they are. */
export const say = (terminal: Terminal, ...lines: string[]): void => {
  terminal.out.write(`${lines.map((line) => safeToPrint(terminal, line)).join('\n')}\n`);
};

/** Prints a value as JSON, over several lines or on one. */
export const sayJson = (terminal: Terminal, value: unknown, form: 'lines' | 'line' = 'lines'): void => {
  terminal.out.write(`${form === 'lines' ? safeJson(value, 2) : safeJson(value)}\n`);
};

/** Says what can't be done, or how it goes on, to whoever watches. */
export const sayError = (terminal: Terminal, text: string): void => {
  terminal.err.write(`${safeToPrint(terminal, text)}\n`);
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences for bold and for colours, as styleText writes them
const COLOUR = /(\x1b\[\d{1,2}m)/;
/** Longer than any line of ours: a rule to paste, the problems of a whole configuration. */
const LONGEST = 10_000;

export function safeToPrint({ colours }: Terminal, text: string): string {
  if (!colours) return safeLines(text, LONGEST);
  const parts = text.split(COLOUR);
  return parts.map((part, i) => (i % 2 === 1 ? part : safeLines(part, LONGEST))).join('');
}

type Style = Parameters<typeof styleText>[0];

export const paint = (terminal: Terminal, style: Style, text: string): string =>
  terminal.colours ? styleText(style, safeLine(text)) : text;

/** A text that somebody else wrote, as a part of a line. */
export const printable = (text: string): string => safeLine(text).trim();

const WIDTH = 80;

/** The text behind a head, in lines of 80 columns; the lines after the first are indented as far as the head is long. */
export const wrapped = (head: string, text: string): string =>
  wrap(head + printable(text).replace(/ +/g, ' '), { width: WIDTH, hang: ' '.repeat(head.length) });

export const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;
