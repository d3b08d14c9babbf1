import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { addClassesCommand } from '../../src/commands/classes.ts';
import { readClasses } from '../../src/config/classes-file.ts';
import { readConfig } from '../../src/config/config.ts';
import { settingsOf } from '../../src/config/settings.ts';
import { classNames, policyFor, treatmentOf } from '../../src/core/policy.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { runHere } from '../commands/support.ts';

function fileOf(t: TestContext, content: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), 'homing-classes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'classes.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const GOOD = {
  presets: ['otp'],
  rules: [
    { class: 'bulk', tag: 'otp-news' },
    { class: 'welcome', subject: 'Welcome*' },
  ],
  classes: {
    welcome: { like: 'notice', life: '2h' },
    access: { life: '10m', attempts: 3, waits: ['20s', '1m'], fallbackAfter: '45s', alert: false },
  },
};

test("the operator's own rules go before those of presets, and policies are changed", async (t) => {
  const file = fileOf(t, GOOD);
  const settings = settingsOf(readConfig({ HOMING_CLASSES: file }, 'database'));
  const access = policyFor('access', settings.policies);
  assert.deepEqual(
    [access.usefulLife, access.maxAttempts, access.waits, access.fallbackAfter, access.alert],
    [10 * MINUTE, 3, { kind: 'list', waits: [20 * SECOND, MINUTE] }, 45 * SECOND, false],
  );
  const traits = { tags: [], template: null, subject: 'Welcome, Ann', sender: null };
  const welcome = treatmentOf(null, traits, settings.policies);
  assert.deepEqual(
    [welcome?.class, welcome?.policy.named, welcome?.policy.usefulLife, welcome?.policy.maxAttempts],
    ['notice', 'welcome', 120 * MINUTE, 5],
  );
  assert.deepEqual(treatmentOf('welcome', { ...traits, subject: null }, settings.policies), welcome);
  for (const name of ['other', 'constructor', '__proto__'])
    assert.equal(treatmentOf(name, traits, settings.policies), null);
  assert.deepEqual(classNames(settings.policies), ['access', 'notice', 'bulk', 'welcome']);
  const plain = settingsOf(readConfig({}, 'database'));
  assert.deepEqual(policyFor('notice', settings.policies), policyFor('notice', plain.policies));

  const run = (...args: string[]) => runHere(addClassesCommand, ['classes', 'test', ...args], { HOMING_CLASSES: file });
  assert.equal((await run('--tag', 'otp-news')).out, 'bulk: by a rule of yours, tag "otp-news"\n');
  assert.equal((await run('--tag', 'x', 'otp-1')).out, 'access: by the preset otp, tag "otp*"\n');
  assert.equal((await run('--subject', 'Hello')).out, 'notice: no rule fits\n');
  assert.equal(
    (await run('--subject', 'Welcome, Ann')).out,
    'welcome (like notice): by a rule of yours, subject "Welcome*"\n',
  );
  assert.deepEqual(JSON.parse((await run('--tag', 'otp-news', '--json')).out), {
    class: 'bulk',
    rule: { class: 'bulk', tag: 'otp-news' },
  });
});

test('every problem of the file is named, a daemon does not start, and the command says so', async (t) => {
  const problemsOf = (content: unknown) => readClasses(fileOf(t, content)).problems;
  for (const [content, words] of [
    ['{', /not JSON/],
    [[], /expected object/i],
    [{ presets: ['resets'] }, /presets\.0: must be one of reset, magic-link/],
    [{ rules: [{ class: 'urgent', tag: 'x' }] }, /rules\.0\.class: must be one of access, notice, bulk/],
    [{ rules: [{ class: 'access' }] }, /rules\.0: needs a tag/],
    [{ rules: [{ class: 'access', tags: 'x' }] }, /rules\.0: .*tags/],
    [{ classes: { access: { life: 'long' } } }, /classes\.access\.life: must be a length/],
    [{ classes: { other: {} } }, /classes\.other\.like: is missing: a class of your own is like access, notice, bulk/],
    [{ classes: { access: { like: 'bulk' } } }, /classes\.access\.like: is for classes of your own/],
    [{ classes: { 'Not A Name': { like: 'bulk' } } }, /classes\.Not A Name: a class needs a name/],
  ] as const)
    assert.match(problemsOf(content).join('\n'), words);
  assert.match(readClasses('/nowhere/x.json').problems.join(), /can't be read: ENOENT/);
  const file = fileOf(t, { rules: [{ class: 'x' }] });
  const needed = {
    MAILGUN_API_KEY: 'key-3f1c',
    MAILGUN_DOMAIN: 'mg.example.com',
    MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-77aa',
  };
  assert.throws(() => readConfig({ ...needed, HOMING_CLASSES: file }, 'daemon'), /HOMING_CLASSES: rules\.0\.class/);
  const ran = await runHere(addClassesCommand, ['classes', 'test'], { HOMING_CLASSES: file });
  assert.equal(ran.code, 78);
});
