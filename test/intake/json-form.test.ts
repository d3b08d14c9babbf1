import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCall } from '../../src/intake/read-call.ts';
import { fileIn, filesIn, textIn, textsIn } from '../../src/mail/form.ts';

const read = (body: unknown, domain = 'mg.example.com', mayBeJson = true) =>
  readCall({
    ...{ path: 'x', domain, contentType: 'application/json', caller: 'c', idempotencyKey: null, mayBeJson },
    raw: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
  });

const FILE = {
  filename: 'a.bin',
  contentType: 'application/x-test',
  content: Buffer.from([0, 255, 10]).toString('base64'),
};

test('JSON has the fields of a form: lists, variables as they are, and files in base64', () => {
  const { domain, form } = read(
    {
      ...{ domain: 'mg.example.com', from: 'a@x.example', to: ['b@x.example', 'c@x.example'], text: 'Hä', html: null },
      ...{ 'o:tag': ['one', 'two'], 'o:testmode': true, 'v:order': { n: 7 }, 'v:list': [1, 2] },
      ...{ 'recipient-variables': { 'b@x.example': { name: 'B' } }, attachment: [FILE, FILE] },
      message: 'Subject: Hello\r\n\r\nHi',
    },
    '',
  );
  assert.equal(domain, 'mg.example.com');
  assert.deepEqual(textsIn(form, 'to'), ['b@x.example', 'c@x.example']);
  assert.deepEqual([textIn(form, 'text'), textIn(form, 'html'), textIn(form, 'o:testmode')], ['Hä', null, 'true']);
  assert.deepEqual([textIn(form, 'v:order'), textIn(form, 'v:list')], ['{"n":7}', '[1,2]']);
  assert.equal(textIn(form, 'recipient-variables'), '{"b@x.example":{"name":"B"}}');
  const [file, second] = filesIn(form, 'attachment');
  assert.deepEqual(file, { filename: 'a.bin', type: 'application/x-test', content: Buffer.from([0, 255, 10]) });
  assert.deepEqual(second, file);
  assert.equal(String(fileIn(form, 'message')?.content), 'Subject: Hello\r\n\r\nHi');
});

test('JSON that is no such form is refused in words', () => {
  const refusals: [body: unknown, domain: string, says: RegExp][] = [
    [Buffer.from('{'), 'd.example', /not valid JSON/],
    [Buffer.from([0x7b, 0xff, 0x7d]), 'd.example', /not valid JSON/],
    [[], 'd.example', /no JSON object/],
    [Buffer.from('{"to":"a","to":"b"}'), 'd.example', /stands twice/],
    [{ to: 'a' }, '', /domain is missing/],
    [{ domain: 'e.example' }, 'd.example', /two domains/],
    [{ to: { a: 1 } }, 'd.example', /'to' parameter is no text/],
    [
      { attachment: { filename: 'x', content: 'not base64!' } },
      'd.example',
      /'attachment' parameter has no content in base64/,
    ],
    [{ attachment: { filename: 'x' } }, 'd.example', /'attachment' parameter has no content/],
  ];
  for (const [body, domain, says] of refusals) assert.throws(() => read(body, domain), says);
});

test('by HTTP JSON is as little taken as Mailgun takes it', () => {
  assert.throws(() => read({ to: 'a' }, 'd.example', false), /must be multipart\/form-data or/);
});
