// What unmodified clients of Mailgun send, replayed to Mailgun's stand-in and to Homing: the mail has to be the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { addressKey } from '../../src/core/address.ts';
import { HOUR } from '../../src/core/time.ts';
import { type SimMailgun, startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import type { SimRequest } from '../../src/lab/sim/world.ts';
import { mailboxesIn } from '../../src/mail/mailboxes.ts';
import { DOMAIN, type Homing, SIGNING_KEY, startByHand } from '../support/homing.ts';
import { type ReadMail, readMail } from '../support/read-mail.ts';

/** A request as it was recorded: see `docs/clients.md`. */
type Row = {
  client: string;
  version: string;
  how: 'recorded' | 'from its source';
  tried: string[];
  /** What arrives otherwise through Homing, on purpose. */
  differs?: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  /** The bytes: as text, or in base64 where they are none. */
  body?: string;
  base64?: string;
};

const ROWS: Row[] = JSON.parse(readFileSync(new URL('./clients.json', import.meta.url), 'utf8'));
const KEY = 'key-test';

for (const row of ROWS)
  test(`${row.client} ${row.version}: ${row.tried.join(', ')}`, async (t) => {
    const { homing, plain } = await setup(t);
    const straight = await replay(row, plain.url, KEY);
    const through = await replay(row, homing.url, 'token');
    assert.deepEqual(shownAnswer(through), shownAnswer(straight));
    assert.equal(through.status, 200);
    await deliver(homing, plain);
    checkForms(row, homing.sim, plain);
    checkMails(row, homing.sim, plain);
  });

test('the table covers what clients are used for', () => {
  const tried = new Set(ROWS.flatMap((row) => row.tried));
  const kinds = 'plain text,html,attachment,inline file,several recipients,Cc,Bcc,tags,variables,template,MIME';
  const more = 'recipient-variables,delivery time,urlencoded,gzip,chunked,non-ASCII subject and file name';
  assert.deepEqual(
    `${kinds},${more}`.split(',').filter((kind) => !tried.has(kind)),
    [],
  );
  assert.ok(new Set(ROWS.map((row) => row.client)).size >= 16);
});

type Setup = { homing: Homing; plain: SimMailgun };

/** Homing before one Mailgun, and another Mailgun with nothing before it. */
async function setup(t: TestContext): Promise<Setup> {
  const homing = await startByHand(t, { env: { ENCRYPTION_KEY: 'ab'.repeat(32) } });
  const plain = await startSimMailgun({
    apiKey: KEY,
    signingKey: SIGNING_KEY,
    domains: [DOMAIN],
    clock: homing.clock,
  });
  t.after(() => plain.close());
  return { homing, plain };
}

/** Two hours: longer than any row wants its mail to wait. */
async function deliver({ play, clock }: Homing, plain: SimMailgun): Promise<void> {
  await play(clock() + 2 * HOUR);
  await plain.runDue();
}

async function replay({ method, path, headers, ...row }: Row, url: string, token: string) {
  const { 'Transfer-Encoding': transfer, ...rest } = headers;
  const bytes = Buffer.from(row.base64 ?? row.body ?? '', row.base64 === undefined ? 'utf8' : 'base64');
  const answer = await fetch(url + path, {
    method,
    headers: { ...rest, Authorization: `Basic ${Buffer.from(`api:${token}`).toString('base64')}` },
    // What comes as a stream has no length, and goes in chunks.
    ...(transfer === 'chunked' ? { body: new Blob([bytes]).stream(), duplex: 'half' } : { body: bytes }),
  });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}

/** An answer with every id alike, if it is one of Mailgun's form. */
const shownAnswer = ({ text, ...answer }: Awaited<ReturnType<typeof replay>>) => ({
  ...answer,
  text: text.replace(/"<[^\s<>@"]+@mg\.example\.com>"/, '"<id>"'),
});

const sendsOf = (sim: SimMailgun): SimRequest[] => sim.requests.filter(({ path }) => /\/messages(\.mime)?$/.test(path));

/** In one call, field by field and file by file; where something differs on purpose, what its recipients are sent by. */
function checkForms(row: Row, behind: SimMailgun, plain: SimMailgun): void {
  const [straight] = sendsOf(plain);
  const through = sendsOf(behind);
  assert.ok(straight);
  assert.equal(through.length, 1);
  if (row.differs === undefined) assert.deepEqual(through.map(shownForm), [shownForm(straight)]);
  else assert.notDeepEqual(through.map(shownForm), [shownForm(straight)], 'nothing differs');
  for (const one of through) {
    const recipients = addressesOf(one);
    assert.deepEqual(optionsOf(one), optionsOf(straight));
    assert.deepEqual(batchOf(one), batchOf(straight, recipients));
  }
}

type Shown = { path: string; fields: Record<string, unknown>; files: unknown[] };

/** A form without our two ids, and without what is said otherwise but means the same. */
function shownForm(request: SimRequest): Shown {
  const { path, fields, files } = request;
  const isReady = path.endsWith('.mime');
  const names = Object.keys(fields).filter((name) => !OURS.test(name) && (!isReady || BESIDE_READY.test(name)));
  return {
    path,
    fields: {
      ...Object.fromEntries(names.sort().map((name) => [name, shownValues(name, fields[name] ?? [])])),
      // Beside a ready mail it is the envelope, and names are in the mail.
      ...(isReady ? { to: addressesOf(request) } : {}),
    },
    files: Object.entries(files).flatMap(([name, list]) =>
      list.map(({ filename, type, content }) => ({
        name,
        content: content.toString('base64'),
        // The mail itself is no file that anybody sees the name of.
        ...(name === 'message' ? {} : { filename, type }),
      })),
    ),
  };
}

/** What Mailgun takes beside a ready mail. */
const BESIDE_READY = /^(?:(?:to|template|recipient-variables)$|[hotv]:)/;
const OURS = /^(?:v:homing-id|h:message-id)$/i;

function shownValues(name: string, values: string[]): unknown {
  if (/^(?:to|cc|bcc)$/.test(name)) return values.flatMap((text) => [...mailboxesIn(text)]);
  return name === 'o:deliverytime' ? values.map((text) => Date.parse(text)) : values;
}

const addressesOf = ({ fields }: SimRequest): string[] =>
  (fields['to'] ?? []).flatMap((text) => [...mailboxesIn(text)].map(({ address }) => addressKey(address ?? '')));

/** Options, variables and those of a template. */
function optionsOf({ fields }: SimRequest): Record<string, unknown> {
  const names = Object.keys(fields).filter((name) => /^[otv]:/.test(name) && !OURS.test(name));
  return Object.fromEntries(names.map((name) => [name, shownValues(name, fields[name] ?? [])]));
}

/** The variables of these recipients, or of all. */
function batchOf({ fields }: SimRequest, recipients?: string[]): Record<string, unknown> {
  const all: Record<string, unknown> = JSON.parse(fields['recipient-variables']?.[0] ?? '{}');
  return Object.fromEntries(Object.entries(all).filter(([name]) => recipients?.includes(addressKey(name)) ?? true));
}

/** Everybody gets as many mails as without Homing, and they read the same. */
function checkMails(row: Row, behind: SimMailgun, plain: SimMailgun): void {
  const recipients = [...new Set(plain.handovers.map(({ recipient }) => recipient))];
  const isTest = row.tried.includes('test mode');
  assert.ok(recipients.length > 0);
  assert.deepEqual(behind.handovers.map(({ recipient }) => recipient).sort(), [...recipients].sort());
  for (const recipient of recipients) {
    const [mails, others] = [behind, plain].map((sim) =>
      sim.inboxOf(recipient).map(({ mime }) => shownMail(row, mime)),
    );
    assert.deepEqual(mails, others);
    assert.equal(mails?.length, isTest ? 0 : 1, recipient);
  }
}

/** Of a batch each recipient sees only themselves in To; the stand-in shows all to all. */
function shownMail({ tried, differs }: Row, mime: string): ReadMail {
  const mail = readMail(mime);
  const { to, ...headers } = mail.headers;
  const files = differs === undefined ? mail.files : mail.files.map((file) => ({ ...file, name: safeName(file.name) }));
  return { ...mail, files, headers: tried.includes('recipient-variables') ? headers : { to: to ?? '', ...headers } };
}

/** As Homing writes it: without folders and quotes. */
const safeName = (name: string): string => name.replace(/^.*\//, '').replaceAll('"', '_');
