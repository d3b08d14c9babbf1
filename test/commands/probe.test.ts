import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addDoctorCommand } from '../../src/commands/doctor.ts';
import { addProbeCommand } from '../../src/commands/probe.ts';
import type { Env } from '../../src/config/env.ts';
import { NO_SUCH_USER } from '../../src/lab/sim/fates.ts';
import { domains } from '../../src/store/messages/domains.ts';
import { DOMAIN, database, mailgun, runHere } from './support.ts';

const ME = 'me@example.net';
const PROBE = ['probe', '--to', ME, '--yes', '--patience', '3s', '--poll', '20ms'];

async function probe(env: Env, delay: string) {
  const ran = await runHere(addProbeCommand, [...PROBE, '--delay', delay, '--json'], env);
  return { ...ran, found: JSON.parse(ran.out) as Record<string, unknown> };
}

test('a Mailgun that keeps to the delivery time and gives new ids is seen as such', async (t) => {
  const { sim, env } = await mailgun(t);
  const { code, found, err } = await probe(env, '1s');
  assert.equal(code, 0);
  const { deliveryTime, messageId, variablesKept, storageKey, ownMessageId, recommendation, storageHost } = found;
  assert.deepEqual(
    { deliveryTime, messageId, variablesKept, storageKey, ownMessageId, recommendation, storageHost },
    {
      deliveryTime: 'honoured',
      messageId: 'new',
      variablesKept: true,
      storageKey: 'new',
      ownMessageId: true,
      recommendation: 'RETRY_SCHEDULE=mailgun',
      storageHost: new URL(sim.url).host,
    },
  );
  assert.equal(sim.copies(ME), 2);
  assert.ok(Date.parse(String(found['wentOut'])) >= Date.parse(String(found['askedFor'])));
  assert.match(err, /Sent\. Waiting/);
});

test('a Mailgun that ignores the delivery time is found out, and the domain is noted', async (t) => {
  const { store, url } = await database(t);
  const { env } = await mailgun(t, {
    quirks: { honoursDeliveryTime: false, repostId: 'same', repostKeepsVariables: false },
  });
  const settings = { ...env, DATABASE_URL: url };
  const { out, code } = await runHere(addProbeCommand, [...PROBE, '--delay', '1h'], settings);
  assert.equal(code, 0);
  assert.match(out, /^ {2}delivery time +ignored$/m);
  assert.match(out, /^ {2}id of the re-post +kept$/m);
  assert.match(out, /^ {2}v: variable kept +no$/m);
  assert.match(out, /^Recommended: RETRY_SCHEDULE=local$/m);
  assert.ok(
    out.split('\n').every((line) => line.length <= 80),
    out,
  );
  const noted = (await domains(store, [DOMAIN])).get(DOMAIN);
  assert.equal(noted?.schedule, 'local');
  const doctor = await runHere(addDoctorCommand, ['doctor'], settings);
  assert.match(doctor.out, /the waits of mg\.example\.com are kept here: the probe's re-post went out at/);
});

test('a Mailgun that refuses the delivery time is asked once more without', async (t) => {
  const { sim, env } = await mailgun(t);
  const isRepost = ({ method, path }: { method: string; path: string }) =>
    method === 'POST' && /\/messages\/./.test(path);
  const refusal = { status: 400, body: '{"message":"o:deliverytime is not supported here"}' };
  sim.misbehave((request) => isRepost(request) && 'o:deliverytime' in request.fields, refusal);
  const { code, found } = await probe({ ...env, DATABASE_URL: 'sqlite:/nowhere/homing.sqlite' }, '1h');
  assert.deepEqual(
    [code, found['deliveryTime'], found['recommendation'], found['repostWithoutTime'], found['noted']],
    [0, 'refused', 'RETRY_SCHEDULE=local', 'accepted', false],
  );
});

test('a second copy that is never seen leaves the question open, and says so with its exit code', async (t) => {
  const { sim, env } = await mailgun(t);
  sim.fate(ME, ['deliver', 'silence']);
  const ran = await runHere(addProbeCommand, [...PROBE, '--patience', '300ms', '--delay', '1s', '--json'], env);
  const found = JSON.parse(ran.out) as Record<string, unknown>;
  assert.deepEqual([ran.code, found['deliveryTime'], found['recommendation']], [1, 'unclear', 'RETRY_SCHEDULE=auto']);
  assert.equal(found['messageId'], 'new');
});

test('a probe that can not come to anything ends with a sentence', async (t) => {
  const { sim, env } = await mailgun(t);
  sim.fate(ME, NO_SUCH_USER);
  const bounced = await runHere(addProbeCommand, PROBE, env);
  assert.deepEqual([bounced.code, bounced.out], [1, '']);
  assert.match(bounced.err, /did not arrive .*name an address that gets mail\.\n$/);
  const elsewhere = await runHere(addProbeCommand, [...PROBE, '--domain', 'eu.example.com'], env);
  assert.match(elsewhere.err, /did not take the mail: 404: Domain not found/);
  assert.equal(elsewhere.code, 1);
});

test('sends nothing before it was told yes, or to what is no address', async (t) => {
  const { sim, env } = await mailgun(t);
  const unasked = await runHere(addProbeCommand, ['probe', '--to', ME], env);
  assert.match(unasked.err, /sends two or three real mails to me@example\.net; add --yes/);
  const nobody = await runHere(addProbeCommand, ['probe', '--to', 'me', '--yes'], env);
  const never = await runHere(addProbeCommand, [...PROBE, '--poll', 'often'], env);
  assert.match(never.err, /--poll must be a duration/);
  assert.deepEqual([unasked.code, nobody.code, never.code], [2, 2, 2]);
  assert.equal(sim.requests.length, 0);
});
