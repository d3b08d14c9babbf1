// Whole drills, in seconds: a daemon, a simulated Mailgun behind the fault, and a secondary.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { describe, test } from 'node:test';
import { type DrillReport, type Fault, failedIn } from '../../../src/core/drills.ts';
import { SECOND } from '../../../src/core/time.ts';
import { forward } from '../../../src/drill/play/forward.ts';
import { isMailCall } from '../../../src/drill/play/mail-call.ts';
import { playDrill } from '../../../src/drill/play/play.ts';
import type { Insert } from '../../../src/drill/play/stage.ts';
import { listenOnLoopback } from '../../../src/lab/sim/listen.ts';
import type { Reply } from '../../../src/lab/sim/reply.ts';
import { patientPace, play, saidBy } from './support.ts';

/** Stands before something and asks it, in its own way. */
const standingBefore =
  (ask: (pass: () => Promise<Reply>, request: { method: string; path: string }) => Promise<Reply>): Insert =>
  async (url) => {
    const answer = async (request: IncomingMessage, response: ServerResponse) => {
      const body = Buffer.concat(await request.toArray());
      const call = { method: request.method ?? 'GET', path: request.url ?? '/', headers: request.headers, body };
      const { status, headers, body: said } = await ask(() => forward(url, call), call);
      response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(said) }).end(said);
    };
    const server = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
    const { port, close } = await listenOnLoopback(server, 0);
    return { url: `http://127.0.0.1:${port}`, close };
  };

const steps = ({ timeline }: DrillReport): string[] =>
  timeline.filter(({ who }) => who === 'Homing').map(({ says }) => says);

const RETURN = [
  'gives Mailgun 1 of 100 mails',
  'gives Mailgun 5 of 100 mails',
  'gives Mailgun 25 of 100 mails',
  'gives Mailgun all mail',
];

/** What each fault has to look like in a report, beside all checks being passed. */
const SIGHTS: Record<Fault, (report: DrillReport) => void> = {
  down: (report) => {
    assert.ok(report.figures.bySecondary > 0);
    const from = steps(report).indexOf('gives Mailgun 1 of 100 mails');
    assert.deepEqual(steps(report).slice(from, from + RETURN.length), RETURN);
    assert.match(saidBy(report, 'failed_over'), /^the reset arrived by the secondary .*; Mailgun was taken to be down/);
    assert.match(saidBy(report, 'drain'), /^\d+ mails that had waited left/);
  },
  slow: (report) => {
    assert.equal(report.figures.noticedAfter, null);
    assert.match(saidBy(report, 'failed_over'), /^the reset arrived by Mailgun/);
  },
  'accepts-but-silent': (report) => {
    assert.ok(steps(report).includes('takes Mailgun to be down'));
    assert.match(saidBy(report, 'failed_over'), /^the reset arrived by the secondary/);
  },
  '5xx-after-accept': (report) => {
    assert.ok(steps(report).includes('takes Mailgun to be down'));
    assert.equal(report.figures.doubles, 0);
  },
  '429': (report) => {
    assert.match(saidBy(report, 'failback'), /^Mailgun was never sent away/);
  },
  half: (report) => assert.equal(report.figures.missing + report.figures.doubles, 0),
};

/** With nothing to fall back to in a hurry, all that is handed over goes to Mailgun, however long that takes. */
const UNHURRIED = { ACCESS_FALLBACK_AFTER: '10m' };

/** It takes a while until somebody has to wait for these. */
const SMOULDERING: ReadonlySet<Fault> = new Set<Fault>(['429', 'half']);

describe('a drill', { concurrency: 2 }, () => {
  for (const [fault, look] of Object.entries(SIGHTS) as [Fault, (typeof SIGHTS)[Fault]][])
    test(`${fault}: everybody gets one copy, and it is told of`, async (t) => {
      const report = await play(
        t,
        fault,
        SMOULDERING.has(fault) ? { lasts: 20 * SECOND } : fault === 'slow' ? { env: UNHURRIED } : {},
      );
      assert.deepEqual(failedIn(report), []);
      assert.ok(report.passed);
      look(report);
    });

  test('fails where nobody takes over', async (t) => {
    // Mailgun is back after five seconds at the earliest.
    const report = await play(t, 'down', {
      env: { SECONDARY_SMTP_URL: '' },
      pace: patientPace({ failover: 3 * SECOND }),
    });
    assert.ok(!report.passed);
    assert.deepEqual(failedIn(report), ['failed_over']);
    assert.match(saidBy(report, 'failed_over'), /^the reset arrived by Mailgun .* allowed$/);
    assert.match(saidBy(report, 'status_during'), /are not going out right now/);
  });

  test('fails where a mail comes twice', async (t) => {
    const twice = standingBefore(async (pass, call) => {
      if (isMailCall(call)) await pass();
      return pass();
    });
    const report = await play(t, 'slow', { env: UNHURRIED, inserts: { primary: twice } });
    assert.deepEqual(failedIn(report), ['one_copy']);
    assert.match(saidBy(report, 'one_copy'), /^\d+ mails arrived more than once \(/);
    // The second copy of the last mails may still be on its way.
    assert.ok(report.figures.doubles >= 6, String(report.figures.doubles));
  });

  test('fails where the status says that all is well', async (t) => {
    const fine = { state: 'on_time', delaySeconds: null, sentence: 'Emails are on time.' };
    const lie = { sentence: 'Emails are on time.', since: null, classes: { access: fine, notice: fine, bulk: fine } };
    const lying = standingBefore(async (pass, { path }) => {
      const honest = await pass();
      return path === '/api/status' ? { ...honest, headers: {}, body: JSON.stringify(lie) } : honest;
    });
    const report = await play(t, 'down', { inserts: { daemon: lying } });
    assert.deepEqual(failedIn(report), ['status_during']);
    assert.match(
      saidBy(report, 'status_during'),
      /after the trouble had begun the status said: "Emails are on time\."$/,
    );
  });

  test('fails where the daemon does not tell of its outages', async (t) => {
    const silent = standingBefore(async (pass, { path }) =>
      path === '/api/outages' ? { status: 500, headers: {}, body: '' } : pass(),
    );
    const report = await play(t, 'slow', { env: UNHURRIED, inserts: { daemon: silent } });
    assert.deepEqual(failedIn(report), ['drain', 'failback']);
  });

  test('that is told to stop has not passed', async () => {
    const stopping = new AbortController();
    const plan = { fault: 'down' as const, lasts: 5 * SECOND, place: { kind: 'demo' as const }, pace: patientPace() };
    const say = ({ who }: { who: string }) => void (who === 'Mailgun' && stopping.abort());
    const report = await playDrill(plan, { say, signal: stopping.signal, now: Date.now });
    assert.deepEqual([report.passed, report.endedEarly], [false, true]);
    assert.deepEqual([report.faultFrom === null, report.faultUntil], [false, null]);
    assert.ok(!report.timeline.some(({ says }) => says === 'is there again'));
  });

  test('that is told to stop before anything is wrong makes nothing sick, and says of no mail that it arrived', async () => {
    const stopping = new AbortController();
    const plan = { fault: 'down' as const, lasts: 5 * SECOND, place: { kind: 'demo' as const }, pace: patientPace() };
    const say = () => stopping.abort();
    const report = await playDrill(plan, { say, signal: stopping.signal, now: Date.now });
    assert.deepEqual([report.endedEarly, report.faultFrom, report.faultUntil], [true, null, null]);
    assert.deepEqual(
      report.timeline.filter(({ who }) => who === 'drill').map(({ says }) => says),
      ['all is well: 6 mails leave through Mailgun'],
    );
  });
});
