import assert from 'node:assert/strict';
import test from 'node:test';
import { classify } from '../../src/classifier/classify.ts';
import { decoded } from '../../src/classifier/engine/encodings.ts';

const causeOf = (message: string): string => classify({ message }).cause;

test('a reply is understood in whatever encoding it arrives', () => {
  for (const message of [
    '550 =?utf-8?Q?Empf=C3=A4nger_unbekannt?=',
    '550 =?iso-8859-1?q?Empf=E4nger?= =?iso-8859-1?q?_unbekannt?=',
    '550 =?UTF-8?B?0J/QvtC70YzQt9C+0LLQsNGC0LXQu9GMINC90LUg0L3QsNC50LTQtdC9?=',
    '550 Empf=E4nger unbekannt',
    '550 Empf=C3=A4nger=20unbekannt',
    '550 Empf=C3=A4n=\r\nger unbekannt',
    '550 Empf\\303\\244nger unbekannt',
    '550 Empf\\344nger unbekannt',
    '550 Empf\\u00e4nger unbekannt',
    '550 Empf&auml;nger unbekannt',
    '550 Empf&#228;nger unbekannt',
    '550 Empf&#xE4;nger unbekannt',
    '550 EmpfÃ¤nger unbekannt',
    '550 Ð¿Ð¾Ð»ÑŒÐ·Ð¾Ð²Ð°Ñ‚ÐµÐ»ÑŒ Ð½Ðµ Ð½Ð°Ð¹Ð´ÐµÐ½',
    '550 No such us\u00ader he\u200bre',
    `550 ${btoa('No such user in this house')}`,
    btoa('550 5.1.1 No such user in this house'),
    '550 <k\\x{E4}m@mail.test>: user unknown',
    '550 5.1.1 <käm@m\u00fcller.test>: user unknown',
  ]) {
    assert.equal(causeOf(message), 'recipient_unknown', message);
  }
});

test('what has windows-1252 beyond Latin-1 are dashes and quotation marks', () => {
  assert.equal(decoded('=?windows-1252?Q?Can=92t_deliver_=96_stop?='), 'Can’t deliver – stop');
});

test('what only looks like an encoding is left as it is', () => {
  for (const text of [
    'see https://mail.test/?p=NoSuchUser&ip=203.0.113.7 =2024',
    'abcdefghijklmnopqrstuvwxyz012345',
    '=?nowhere-8?Q?a?=',
    'a \\9 \\u12 \\x{} & &#; &zzz;',
    'boîte désactivée, Ñandú, 用户不存在',
    `550 ${btoa('\u0000\u0001\u0002 binary \u0003 and more')}`,
  ]) {
    assert.equal(decoded(text), text);
  }
  assert.equal(
    causeOf('554 Blocked, see https://list.test/?ip=20.0.113.7&c=E4'),
    causeOf('554 Blocked, see https://list.test/?ip=20.0.113.7'),
  );
});
