// docs/runbook.md is held to what there is to be told of, and its commands to what they do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CHECKS } from '../../src/commands/doctor/finding.ts';
import { chapters, runbookPage } from '../../src/contract/runbook.ts';
import { ALERT_KINDS } from '../../src/core/alerting.ts';
import type { Health } from '../../src/core/health.ts';
import { begun } from '../../src/core/incident.ts';
import { MINUTE } from '../../src/core/time.ts';
import type { Shown } from '../../src/core/timeliness.ts';
import { changeHealth } from '../../src/store/change-health.ts';
import { nameEndpoints } from '../../src/store/notes/endpoints.ts';
import { standings } from '../../src/store/notes/health.ts';
import { addHold } from '../../src/store/notes/holds.ts';
import { outagesSince } from '../../src/store/outages.ts';
import { composeAlert } from '../../src/tell/compose-alert.ts';
import { healthy } from '../commands/doctor/support.ts';
import { database, everyCommand, runHere } from '../commands/support.ts';
import { start } from '../http/support.ts';
import { withoutOpenssl } from '../support/certificates.ts';
import { ended, failed, seed, sent } from '../support/factory.ts';
import { bundle } from '../support/incidents.ts';

const STATUS: Record<Shown['state'], true> = { on_time: true, quiet: true, delayed: true, backup: true, down: true };
const HEALTH: Record<Health, true> = { healthy: true, suspect: true, down: true, recovering: true };

const all = chapters();
const chapter = (name: string): string => {
  const found = all.find((one) => one.name === name);
  assert.ok(found, `there is no chapter ${name}`);
  return found.markdown;
};
/** The chapters that stand below one. */
const below = (name: string) => all.filter((one) => one.level === 3 && chapter(name).includes(one.markdown));

test('there is a chapter for each alert and for no other: what it means, what was done, what to do, and who does it', () => {
  const told = [...ALERT_KINDS, 'database'];
  assert.deepEqual(
    below('alerts').map(({ name }) => name),
    told,
  );
  for (const name of told)
    assert.match(
      chapter(name),
      /^### \S+\n\n\*.+\* Owner: .+\n\n\*\*Means:\*\* .+\n\n\*\*Homing has\*\* .+\n\n\*\*Do:\*\* ?[\n\w]/s,
    );
});

test('every alert leads to its chapter: to the page of the daemon, or by a command where that has no address', () => {
  for (const kind of ALERT_KINDS) {
    const items = [{ kind, incident: kind, item_key: kind, at: 0, detail: 'something', delivery_id: null }];
    const incident = begun('x', kind, { count: 1, since: 0, latest: 0, class: null }, 0);
    const first = { step: { what: 'open' }, before: null, incident, last: null } as const;
    const told = (publicUrl: string | null) =>
      composeAlert({ ...first, id: 'x', items, views: new Map(), count: 1, publicUrl }).body;
    assert.match(
      told('https://homing.example/'),
      new RegExp(`^Runbook: +https://homing\\.example/runbook#${kind}$`, 'm'),
    );
    assert.match(told(null), new RegExp(`^Runbook: +homing runbook ${kind}$`, 'm'));
  }
});

/** The first cells of a table, without the head, and every cell of them is filled but those that may be empty. */
function rows(name: string): string[] {
  const lines = [...chapter(name).matchAll(/^\| `([^`]+)` \|(.+)\|$/gm)];
  for (const [line, , cells = ''] of lines) {
    const empty = cells.split('|').filter((cell) => cell.trim() === '');
    assert.ok(empty.length <= 1 && !/\|\s*\|$/.test(line), line);
  }
  return lines.map(([, first = '']) => first);
}

test('there is a line for each check of the doctor, and for each state of the status and of a provider', () => {
  assert.deepEqual(rows('what-the-doctor-says').sort(), [...CHECKS].sort());
  assert.deepEqual(rows('what-the-status-says').sort(), Object.keys(STATUS).sort());
  assert.deepEqual(rows('what-outages-say').sort(), Object.keys(HEALTH).sort());
});

test('the daemon shows it without a token and without its database, with an anchor for each chapter', async (t) => {
  const { store } = await database(t);
  const { url } = await start(t, { store });
  await store.close();
  const reply = await fetch(`${url}/runbook`);
  assert.equal(reply.status, 200);
  assert.match(reply.headers.get('content-type') ?? '', /^text\/html/);
  assert.match(reply.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  const page = await reply.text();
  assert.equal(page, runbookPage());
  for (const { name } of all) assert.ok(page.includes(` id="${name}"`), name);
  for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(page.includes(` id="${target}"`), target);
  const links = [...page.matchAll(/href="([^#][^"]*)"/g)].map(([, to]) => to);
  assert.deepEqual(links, ['./'], 'nothing leads to a page that is not served');
});

/** The command lines that it shows, each once. */
function commands(): string[] {
  const text = all[0]?.markdown ?? '';
  const code = [...text.matchAll(/`((?:homing|openssl) [^`\n]+)`|^(homing [^#\n]+)/gm)];
  return [...new Set(code.map(([, inline, line]) => (inline ?? line ?? '').trim()))];
}

/** What an operator has on a bad day: an outage, a hold, mail that was given up. */
async function badDay(t: TestContext) {
  const { store, env } = await healthy(t);
  const now = Date.now();
  const at = now - 10 * MINUTE;
  const [view] = await seed(
    store,
    { facts: [...sent(at), failed(at + MINUTE, 'retry'), ended(1, at + MINUTE, 'abandoned', 'ip_block')] },
    at,
  );
  const before = (await standings(store)).get('mailgun') ?? FRESH;
  const change = { state: 'down', share: 0, evidence: 'most hand-overs failed' } as const;
  await changeHealth(store, 'mailgun', { before, change }, at);
  const [outage] = await outagesSince(store, at - MINUTE);
  await bundle(store, 'gave_up:mg.example.com', now, () => ({ subject: 's', body: 'b', avoid: [] }));
  await nameEndpoints(store, [{ id: 'app', place: 1, host: 'app.example.com', kinds: ['delivered'] }], at);
  const folder = mkdtempSync(join(tmpdir(), 'homing-runbook-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const write = (name: string, content: unknown): string => {
    writeFileSync(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const rules = write('rules.json', [{ name: 'gone', match: 'bricked up', cause: 'recipient_disabled' }]);
  const events = write('events.jsonl', {
    ...{ event: 'failed', severity: 'permanent', recipient: 'ann@example.net', timestamp: now / 1000 },
    'delivery-status': { code: 550, message: 'The pigeonhole is bricked up' },
  });
  const words = async (command: string): Promise<string> => {
    const wish = { provider: null, class: null, until: null, reason: null, who: 'the person on call' };
    const hold = command.startsWith('homing release') ? await addHold(store, wish, now) : null;
    return command
      .replace('<id>', view?.messageId ?? '')
      .replace('<incident>', 'gave_up:mg.example.com')
      .replace('<outage>', outage?.id ?? '')
      .replace('<hold>', hold?.id ?? '')
      .replace('<provider>', 'mailgun')
      .replace('<endpoint>', '1')
      .replace('<today>', new Date(now).toISOString().slice(0, 10))
      .replace('<events>', events)
      .replace('<rules>', rules)
      .replace('<folder>', folder)
      .replace('<chapter>', 'gave_up');
  };
  const backups = join(folder, 'backups');
  mkdirSync(backups);
  return { env: { ...env, BACKUP_DIR: backups }, words };
}

const FRESH = { state: 'healthy', since: 0, share: 100, wellSince: null, probesFailed: 0 } as const;

test('every command in it runs, and says something', async (t) => {
  const { env, words } = await badDay(t);
  const shown = commands();
  const everything = await everyCommand();
  assert.ok(shown.length > 20, 'those are not all');
  // What the doctor finds otherwise is that the webhooks are not registered.
  for (const command of ['homing doctor --fix-webhooks', ...shown]) {
    const [name = '', ...args] = parse(await words(command));
    if (name === 'openssl') {
      if (!withoutOpenssl()) execFileSync(name, args);
    } else {
      const { code, out, err } = await runHere(everything, args, env);
      assert.equal(code, 0, `${command}: ${out}${err}`);
      assert.notEqual(out, '', command);
    }
  }
});

/** The words of a line of shell that has no more than double quotes. */
const parse = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
