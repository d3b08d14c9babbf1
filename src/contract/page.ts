// Pages for people who follow a link in an alert: what `homing explain` says, to be read in a browser. No script, nothing
// from elsewhere.
import { createHash } from 'node:crypto';
import { html, type Markup, trusted } from '../base/markup.ts';
import { inTime } from '../core/fold.ts';
import { safeLine } from '../core/safe-text.ts';
import { factWords } from '../core/words/facts.ts';
import type { Keeping } from '../core/words/holds.ts';
import { timeWords } from '../core/words/numbers.ts';
import type { KeptAlert } from '../store/alerts.ts';
import type { MessageRow, View } from '../store/rows/rows.ts';
import { explanationOf } from './present.ts';

const STYLE = `
:root { background: Canvas; color: CanvasText; color-scheme: light dark; }
body { margin: 0 auto; max-width: 44rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; line-height: 1.3; }
h2 { font-size: 1.1rem; margin: 2rem 0 0; }
p { margin: .5rem 0; }
dl { margin: 1rem 0; }
dt { font-size: .85rem; opacity: .75; margin-top: .75rem; }
dd { margin: 0; }
ul { padding-left: 1.2rem; }
button { font: inherit; padding: .5rem 1rem; }
pre { overflow-x: auto; }
table { border-collapse: collapse; display: block; font-size: .9rem; overflow-x: auto; overflow-wrap: normal; }
th, td { border-bottom: 1px solid; padding: .3rem .6rem .3rem 0; text-align: left; vertical-align: top; }
.text { white-space: pre-wrap; }
.faint { opacity: .75; font-size: .85rem; }
`;

/** The page may show its own style and do what is said here, whatever got into it. */
export const policyWith = (forms: "form-action 'none'" | "form-action 'self'"): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
    `base-uri 'none'; ${forms}; frame-ancestors 'none'`,
  ].join('; ');

/** Nothing on it can be pressed. */
export const PAGE_POLICY = policyWith("form-action 'none'");

/** So many deliveries of a message, or of an alert, are shown on a page. */
export const MOST_ON_PAGE = 100;

export function messagePage(message: MessageRow, views: readonly View[], kept: ReadonlyMap<string, Keeping>): string {
  const subject = message.subject === null ? '(no subject known)' : safeLine(message.subject);
  return pageOf(
    subject,
    html`<h1>${subject}</h1>
<p>From ${safeLine(message.sender)}, through ${message.domain}, class ${message.class}, ${timeWords(message.created_at)}.</p>
<p class="faint">Message ${message.id}, Message-Id ${safeLine(message.message_id)}</p>
${views.slice(0, MOST_ON_PAGE).map((view) => deliveryPart(view, kept.get(view.id)))}
${moreOf(views.length, `homing explain ${message.id}`)}`,
  );
}

function deliveryPart(view: View, keeping: Keeping | undefined): Markup {
  const facts = inTime(view.facts);
  return html`<h2>${safeLine(view.recipient)}</h2>
<p><strong>${view.delivery.state}</strong>: ${safeLine(explanationOf(view, keeping))}</p>
<dl>${facts.map((fact) => html`<dt>${timeWords(fact.at)}</dt><dd>${safeLine(factWords(fact, view.birth.policy.watch))}</dd>`)}</dl>`;
}

export const alertPage = ({ subject, body, createdAt, sentAt, count, deliveries }: KeptAlert): string =>
  pageOf(
    subject,
    html`<h1>${safeLine(subject)}</h1>
<p class="faint">Written ${timeWords(createdAt)}, ${sentAt === null ? 'not sent yet' : `sent ${timeWords(sentAt)}`}.</p>
<p class="text">${body}</p>
${deliveries.length > 0 ? html`<h2>As they stand now</h2>` : html``}
<ul>${deliveries.map(
      (d) => html`<li><a href="../messages/${d.messageId}">${safeLine(d.recipient)}</a>: ${d.state}</li>`,
    )}</ul>
${moreOf(deliveries.length > 0 ? count : 0, 'homing list')}`,
  );

const moreOf = (count: number, command: string): Markup =>
  count > MOST_ON_PAGE ? html`<p>And ${count - MOST_ON_PAGE} more: ${command}</p>` : html``;

/** A page that says why there is nothing else to see. */
export const plainPage = (title: string, text: string): string =>
  pageOf(title, html`<h1>${title}</h1><p>${safeLine(text)}</p>`);

export const pageOf = (title: string, body: Markup, head: Markup = html``): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${head}
<title>${safeLine(title, 100)} · Homing</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`.markup;
