// docs/runbook.md, as alerts link to it, the daemon shows it and the command line prints it; and docs/openapi.md as a page.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Marked, type Token, type Tokens } from 'marked';
import { html, trusted } from '../base/markup.ts';
import { pageOf } from './page.ts';

const require = createRequire(import.meta.url);

const fileOf = (name: string): string =>
  readFileSync(join(dirname(require.resolve('homing/package.json')), 'docs', name), 'utf8');
const runbook = (): string => fileOf('runbook.md');

/** A heading and what stands below it, with the chapters that belong to it. */
export type Chapter = { name: string; level: number; markdown: string };

/** All of it in its order, by the names that links have: `gave_up`, `the-first-five-minutes`. */
export function chapters(): Chapter[] {
  const tokens = new Marked().lexer(runbook());
  return tokens.flatMap((token, i) => {
    if (!isHeading(token)) return [];
    const rest = tokens.slice(i + 1);
    const end = rest.findIndex((other) => isHeading(other) && other.depth <= token.depth);
    const own = [token, ...(end === -1 ? rest : rest.slice(0, end))];
    const markdown = own.map(({ raw }) => raw).join('');
    return [{ name: anchorOf(token.text), level: token.depth, markdown: markdown.trimEnd() }];
  });
}

const isHeading = (token: Token): token is Tokens.Heading => token.type === 'heading';

/** As GitHub makes it of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/ /g, '-');

/** The whole as a page. */
export const runbookPage = (): string => docsPage('Runbook', runbook());

/** The description of the API as a page. */
export const openapiPage = (): string => docsPage('The API', fileOf('openapi.md'));

/** With an anchor at each heading. Links to other files of docs/ become their names. What is too wide scrolls, by keys too. */
function docsPage(title: string, markdown: string): string {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${anchorOf(text)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      code({ text }) {
        return html`<pre tabindex="0"><code>${text}</code></pre>
`.markup;
      },
      tablecell({ header, tokens }) {
        const words = this.parser.parseInline(tokens);
        const name = header && words !== '' ? 'th' : 'td';
        return `<${name}>${words}</${name}>\n`;
      },
      link({ href, tokens }) {
        const words = this.parser.parseInline(tokens);
        return href.startsWith('#') ? `<a href="${href}">${words}</a>` : `${words} (docs/${href})`;
      },
    },
  });
  const body = marked.parse(markdown, { async: false }).replaceAll('<table>', '<table tabindex="0">');
  return pageOf(
    title,
    html`<p><a href="./">Overview</a></p>
${trusted(body)}`,
  );
}
