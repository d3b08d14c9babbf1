import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readAlertRules } from '../../src/config/alert-rules-file.ts';
import { ConfigError, readConfig } from '../../src/config/config.ts';
import { DEFAULT_RULES, isFalling } from '../../src/core/thresholds/rule.ts';
import { DAY, MINUTE } from '../../src/core/time.ts';

/** Reads a file with that content. */
function read(t: TestContext, content: unknown) {
  const folder = mkdtempSync(join(tmpdir(), 'homing-alert-rules-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'rules.json');
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return { file, ...readAlertRules(file) };
}

const named = (rules: readonly { name: string }[], name: string) => rules.find((rule) => rule.name === name);

test('without a file sensible rules hold, each with room between ringing and clearing', () => {
  const { rules, problems } = readAlertRules(undefined);
  assert.deepEqual([rules, problems], [DEFAULT_RULES, []]);
  assert.equal(new Set(rules.map(({ name }) => name)).size, rules.length);
  for (const { measure, rings, clears, name } of rules.filter((rule) => rule.measure !== 'flatline'))
    assert.ok(isFalling(measure) ? clears > rings : clears < rings, name);
});

test('an empty file changes nothing', (t) => {
  assert.deepEqual(read(t, {}).rules, DEFAULT_RULES);
});

test('a file changes rules, adds some, and takes others away', (t) => {
  const { rules, problems } = read(t, {
    rules: [
      { name: 'bounced', rings: '3%', clears: '2%', comment: 'we are careful' },
      {
        ...{ name: 'resets-late', measure: 'overdue', class: 'access', within: '1m', rings: '10%', clears: '2.5%' },
        ...{ per: ['domain', 'receiver'], least: 20, window: '30m', holds: '1m' },
      },
      { name: 'slow-bulk', measure: 'slow', class: 'bulk', rings: '2h', clears: '1h' },
      { name: 'full', measure: 'backlog', rings: 500, clears: 100, domain: 'MG.example.com' },
      { name: 'silent', measure: 'flatline', kinds: ['tag'], rings: '10%', clears: '50%', window: '1d' },
    ],
    off: ['flatline-day'],
  });
  assert.deepEqual(problems, []);
  const before = named(DEFAULT_RULES, 'bounced');
  assert.deepEqual(named(rules, 'bounced'), { ...before, rings: 0.03, clears: 0.02 });
  const late = rules.find((rule) => rule.name === 'resets-late');
  assert.deepEqual(
    [late?.within, late?.rings, late?.clears, late?.window, late?.only.class, late?.per],
    [MINUTE, 0.1, 0.025, 30 * MINUTE, 'access', ['domain', 'receiver']],
  );
  assert.deepEqual(rules.find((rule) => rule.name === 'full')?.only.domain, 'mg.example.com');
  assert.deepEqual(rules.find((rule) => rule.name === 'silent')?.window, DAY);
  assert.equal(named(rules, 'flatline-day'), undefined);
  assert.equal(rules.length, DEFAULT_RULES.length + 4 - 1);
});

const plain = { name: 'mine', measure: 'bounced', rings: '5%', clears: '3%' };
const WRONG: [what: string, content: unknown, problem: RegExp][] = [
  ['no JSON', '{"rules": [}', /^the file is not JSON: /],
  ['a list', '[]', /^must be an object$/],
  ['rules that are no list', { rules: {} }, /^rules: must be a list of rules$/],
  ['an unknown part', { rule: [] }, /^knows no "rule"; did you mean "rules"\?$/],
  [
    'an unknown field',
    { rules: [{ ...plain, ring: '5%' }] },
    /^rules\.0 \("mine"\): knows no "ring"; did you mean "rings"\?$/,
  ],
  [
    'an unknown measure',
    { rules: [{ ...plain, measure: 'bounce' }] },
    /^rules\.0 \("mine"\)\.measure: must be one of bounced, .*; did you mean "bounced"\?$/,
  ],
  [
    'an unknown class',
    { rules: [{ ...plain, class: 'acess' }] },
    /^rules\.0 \("mine"\)\.class: must be one of access, notice, bulk; did you mean "access"\?$/,
  ],
  [
    'an unknown dimension',
    { rules: [{ ...plain, per: ['reciever'] }] },
    /\.per\.0: must be one of domain, class, receiver; did you mean "receiver"\?$/,
  ],
  ['no name', { rules: [{ measure: 'bounced' }] }, /^rules\.0\.name: is missing/],
  ['a name that is none', { rules: [{ ...plain, name: 'My rule' }] }, /\.name: must be a name of small letters/],
  [
    'no measure',
    { rules: [{ name: 'mine', rings: '5%' }] },
    /^rules\.0 \("mine"\)\.measure: is missing: it must be one of bounced/,
  ],
  ['no value', { rules: [{ name: 'mine', measure: 'bounced' }] }, /\.rings: is missing/],
  ['a share without its sign', { rules: [{ ...plain, rings: 5 }] }, /\.rings: must be a share such as "5%"$/],
  ['a share beyond all', { rules: [{ ...plain, rings: '150%' }] }, /\.rings: must be 100% at most$/],
  ['a length that is a share', { rules: [{ ...plain, measure: 'slow' }] }, /\.rings: must be a length such as "10m"$/],
  ['a count that is a share', { rules: [{ ...plain, measure: 'backlog' }] }, /\.rings: must be a number of mails$/],
  [
    'values the wrong way round',
    { rules: [{ ...plain, clears: '6%' }] },
    /\.clears: must not be above rings \(it rings at 5 %, and would clear at 6 %\)$/,
  ],
  [
    'the same, where less is worse',
    { rules: [{ ...plain, measure: 'delivered', rings: '90%', clears: '80%' }] },
    /\.clears: must not be below rings/,
  ],
  ['a window of nothing', { rules: [{ ...plain, window: '1m' }] }, /\.window: must be a length such as 1h$/],
  [
    'a long window of mail that is read one by one',
    { rules: [{ ...plain, measure: 'overdue', window: '1d' }] },
    /\.window: must be 6h at most for the measure overdue$/,
  ],
  [
    'within, for what knows none',
    { rules: [{ ...plain, within: '5m' }] },
    /\.within: is for the measure overdue alone$/,
  ],
  [
    'kinds, for what knows none',
    { rules: [{ ...plain, kinds: ['tag'] }] },
    /\.kinds: is for the measure flatline alone$/,
  ],
  [
    'a flatline of recipient domains',
    { rules: [{ name: 'mine', measure: 'flatline', rings: '0%', receiver: 'gmail.com' }] },
    /\.receiver: can not be told apart/,
  ],
  [
    'another measure for a known name',
    { rules: [{ ...plain, name: 'bounced', measure: 'slow' }] },
    /\.measure: must be bounced, .* give yours another name$/,
  ],
  ['one name twice', { rules: [plain, plain] }, /^rules\.1 \("mine"\)\.name: is the name of another rule$/],
  [
    'a rule to switch off that is not there',
    { off: ['bounces'] },
    /^off\.0: there is no rule "bounces"; did you mean "bounced"\?$/,
  ],
];

for (const [what, content, problem] of WRONG)
  test(`a file with ${what} is refused in words that say where`, (t) => {
    const { problems, rules } = read(t, content);
    assert.match(problems[0] ?? '', problem);
    assert.deepEqual(rules, DEFAULT_RULES);
  });

test('every problem is named at once, and a daemon does not start', (t) => {
  const { file, problems } = read(t, {
    rules: [
      { ...plain, measure: 'bounce' },
      { ...plain, window: 'x' },
    ],
  });
  assert.equal(problems.length, 2);
  const env = {
    MAILGUN_API_KEY: 'key-0123456789',
    MAILGUN_DOMAIN: 'mg.example.com',
    MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-0123456789',
    ALERT_RULES: file,
  };
  assert.throws(
    () => readConfig(env, 'daemon'),
    (error) =>
      error instanceof ConfigError &&
      error.problems.filter((one) => one.startsWith('ALERT_RULES: rules.')).length === 2,
  );
});

test('a file that is not there is told of', () => {
  assert.deepEqual(readAlertRules('/nowhere/rules.json').problems, ["can't be read: ENOENT"]);
});

test('the example of the documentation can be used as it is', (t) => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/thresholds.md'), 'utf8');
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const { rules, problems } = read(t, example);
  assert.deepEqual(problems, []);
  assert.equal(named(rules, 'polled'), undefined);
  assert.ok(named(rules, 'resets-late'));
});
