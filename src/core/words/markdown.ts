import { safeLine } from '../safe-text.ts';

/** A text that others wrote, as it is, among Markdown. */
export const escaped = (text: string): string =>
  safeLine(text)
    .trim()
    .replace(/[\\`*_{}[\]<>#|~&]/g, '\\$&');
