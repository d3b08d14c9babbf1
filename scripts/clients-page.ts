import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from './table.ts';

/** What the page shows of a recorded request. */
type Row = { client: string; version: string; how: string; tried: string[]; differs?: string };

/** Recorded requests: no code, and so no import of the tests. */
const RECORDED = join(import.meta.dirname, '..', 'test/http/clients.json');

/** `docs/clients.md`: which clients work with Homing, from the requests that the tests replay. */
export function clientsPage(): string {
  const rows: Row[] = JSON.parse(readFileSync(RECORDED, 'utf8'));
  const shown = rows.map((row) => [row.client, row.version, row.how, row.tried.join(', '), row.differs ?? '']);
  return [
    HEAD,
    table(['client', 'its setting', 'value'], POINTED),
    TRIED,
    table(['client', 'version', 'how', 'what was tried', 'what differs'], shown),
    CHANGED,
    '',
  ].join('\n\n');
}

const HEAD = `# Clients

Written by \`npm run docs\`.

Homing takes mail from clients of Mailgun that know nothing of it. Give yours two things:

- the **base URL** of your Homing in place of \`https://api.mailgun.net\`; \`/v3\` may stand in it or not
- one of the \`API_TOKENS\` in place of the **API key**; the user stays \`api\`

Clients that insist on \`https\` need a proxy before Homing, or \`TLS_CERT\` and \`TLS_KEY\` ([settings](settings.md)) with a
certificate that their machine trusts. What is answered, and what is refused, is told in [HTTP](api.md#intake).`;

const BASE = '`https://homing.example.com`';
const WITH_VERSION = '`https://homing.example.com/v3`';
const HOST = '`homing.example.com`';

/** How each client is told another base URL, as its own source has it. */
const POINTED: readonly (readonly string[])[] = [
  ['mailgun.js, nodemailer-mailgun-transport, Strapi', '`url`', BASE],
  ['mailgun-nodemailer-transport (https alone)', '`hostname`', HOST],
  ['mailgun-js', '`host`, and `protocol` and `port` if they are not the usual', HOST],
  ['AdonisJS', '`baseUrl`', WITH_VERSION],
  ['mailgun-php', 'the second argument of `Mailgun::create`', BASE],
  ['Symfony Mailer (https alone)', 'the DSN', '`mailgun+api://TOKEN:mg.example.com@homing.example.com`'],
  ['Laravel (https alone)', '`endpoint` of the service `mailgun`', HOST],
  ['mailgun-ruby', 'the second argument of `Mailgun::Client.new`', HOST],
  ['railgun (Rails)', '`api_host`, with `api_ssl: false` for http', HOST],
  ['mailgun (Python; http for localhost alone)', '`api_url`', BASE],
  ['Django Anymail', '`MAILGUN_API_URL`', WITH_VERSION],
  ['mailgun-go', '`SetAPIBase`', BASE],
  ['Swoosh', '`base_url`', WITH_VERSION],
  ['mailgun-java', 'the first argument of `MailgunClient.config`', BASE],
  ["Mailgun's WordPress plugin", 'none: it knows the two addresses of Mailgun alone', ''],
];

const TRIED = `## What was tried

Each row is a request that a test replays twice, byte for byte: straight to a stand-in for Mailgun, and through Homing.
"Recorded" is what the client itself sent to a listener; "from its source" was put together from what its code says. Both
get the same answer, and what then arrives at Mailgun is the same field by field and file by file, but for two ids that
Homing adds (\`v:homing-id\`, and \`h:Message-Id\` where there is none) and for what the last column names. Everybody is sent
one mail with the same subject, text, header and files, and in test mode none.`;

const CHANGED = `## What is changed

What is left out and what is refused is told in [HTTP](api.md#intake). All else arrives as it was given, byte for byte, but
for this:

- **Text** goes on in UTF-8. It is read by the charset that its part, the content type of a urlencoded form, or a field
  \`_charset_\` (RFC 7578, 4.6) names. Where none is named, or it is not written in that one, it is read as UTF-8, and each
  run of other bytes as windows-1252; so are names of fields and files.
- **Headers** (\`h:…\`, the subject, senders and recipients) that are folded (RFC 5322, 2.2.3) become one line. Tabs stay; other
  control characters and line ends are refused. What whoever composes a mail writes himself (\`h:content-type\`, \`h:date\`) is
  left out.
- **Names of files** go without the folders before them, with \`/\` or \`\\\`. Quotes, control characters, and marks that turn
  the direction of the text become \`_\`. What is longer than 255 characters is cut before its ending.
- **Types of files** stay with their parameters. Of one that is written wrongly (a quote without an end, control
  characters, more than 998 characters) \`type/subtype\` is left, and what has not even that becomes
  \`application/octet-stream\`. A file without a type goes without one.`;
