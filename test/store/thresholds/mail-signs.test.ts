import assert from 'node:assert/strict';
import type { Party } from '../../../src/core/thresholds/measured.ts';
import { fullRule, type Rule } from '../../../src/core/thresholds/rule.ts';
import { DAY, HOUR, MINUTE } from '../../../src/core/time.ts';
import { addMailSigns, forgetMailSigns, type MailSign, signSums } from '../../../src/store/thresholds/mail-signs.ts';
import { MORNING } from '../../support/clock.ts';
import { eachStore } from '../../support/stores.ts';

const sign = (signs: MailSign['signs'], over: Partial<Party> = {}): MailSign => ({
  ...{ domain: 'mg.example.com', class: 'notice', receiver: 'example.net', signs },
  ...over,
});
const rule = (over: Partial<Rule> = {}): Rule => fullRule({ name: 'r', measure: 'bounced', per: [], ...over });
const NONE = { domain: null, class: null, receiver: null };

eachStore('what several processes saw is added up, by what a rule tells apart', async ({ store, open }) => {
  const [here, there] = [store, open()];
  await Promise.all([
    addMailSigns(
      here,
      [sign({ arrived: 1 }), sign({ arrived: 1, heard: 1 }), sign({ bounced: 1 }, { class: 'bulk' })],
      MORNING,
    ),
    addMailSigns(there, [sign({ arrived: 1 }, { receiver: 'example.org' })], MORNING),
  ]);
  const of = async (over: Partial<Rule>) =>
    (await signSums(store, rule(over), MORNING + MINUTE)).map(({ scope, signs }) => [
      Object.values(scope).filter(Boolean).join(' '),
      signs.arrived,
      signs.bounced,
    ]);
  assert.deepEqual(await of({}), [['', 3, 1]]);
  assert.deepEqual(await of({ per: ['domain', 'class'] }), [
    ['mg.example.com notice', 3, 0],
    ['mg.example.com bulk', 0, 1],
  ]);
  assert.deepEqual(await of({ per: ['receiver'] }), [
    ['example.net', 2, 1],
    ['example.org', 1, 0],
  ]);
  assert.deepEqual(await of({ only: { ...NONE, receiver: 'example.org' } }), [['example.org', 1, 0]]);
  assert.deepEqual(await of({ only: { ...NONE, domain: 'other.example' } }), []);
});

eachStore('a window has what became known in it, and nothing from before', async ({ store }) => {
  await addMailSigns(store, [sign({ arrived: 1 })], MORNING);
  const within = async (window: number, at: number) => (await signSums(store, rule({ window }), at)).length;
  assert.equal(await within(HOUR, MORNING + HOUR), 1);
  assert.equal(await within(HOUR, MORNING + HOUR + 1), 0);
  assert.equal(await within(DAY, MORNING + DAY), 1, 'by the hour');
  assert.equal(await within(DAY, MORNING + DAY + 1), 0);
  assert.equal(await within(HOUR, MORNING - DAY), 1, 'a clock that was set back hides nothing');
});

eachStore('of more recipient domains than there is room for, the others are counted together', async ({ store }) => {
  const signs = Array.from({ length: 150 }, (_, n) => sign({ arrived: 1 }, { receiver: `r${n}.example` }));
  await addMailSigns(store, signs, MORNING);
  const names: string[] = await store
    .db('mail_signs')
    .where({ span: 5 * MINUTE })
    .distinct()
    .pluck('receiver');
  assert.equal(names.length, 101);
  const [all] = await signSums(store, rule(), MORNING + MINUTE);
  assert.equal(all?.signs.arrived, 150);
  const each = await signSums(store, rule({ per: ['receiver'] }), MORNING + MINUTE);
  assert.equal(each.length, 50, 'and the largest of them are read');
  assert.ok(each.every(({ scope }) => scope.about !== ''));
});

eachStore('what no rule looks at any more is forgotten', async ({ store }) => {
  await addMailSigns(store, [sign({ arrived: 1 })], MORNING);
  assert.equal(await forgetMailSigns(store, MORNING + 7 * HOUR), 0);
  assert.equal(await forgetMailSigns(store, MORNING + 8 * HOUR), 1);
  assert.equal(await forgetMailSigns(store, MORNING + 33 * DAY), 1);
});
