// npm run docs: writes the table of settings in README.md anew from .env.example, where each has its words and default.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
const MARK = /<!-- settings -->[\s\S]*?<!-- \/settings -->/;

/** Rows of `| name | default | meaning |`, grouped as the file is. */
export function settingsTable(example: string): string {
  const rows = ['| setting | default | meaning |', '|---|---|---|'];
  let words: string[] = [];
  for (const line of example.split('\n')) {
    const [, name, value] = /^(?:# )?([A-Z][A-Z_]+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      const meaning = words.join(' ').replaceAll('|', '\\|');
      rows.push(`| \`${name}\` | ${value ? `\`${value.replaceAll('|', '\\|')}\`` : ''} | ${meaning} |`);
      words = [];
    } else if (line.startsWith('# ') && !line.startsWith('# ---')) words.push(line.slice(2));
    else words = [];
  }
  return rows.join('\n');
}

/** README.md with its table of settings brought up to date. */
export function withSettings(readme: string, example: string): string {
  return readme.replace(MARK, () => `<!-- settings -->\n\n${settingsTable(example)}\n\n<!-- /settings -->`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const readme = readFileSync(file('README.md'), 'utf8');
  writeFileSync(file('README.md'), withSettings(readme, readFileSync(file('.env.example'), 'utf8')));
}
