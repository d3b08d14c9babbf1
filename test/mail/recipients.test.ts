import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { mailboxesIn, written } from '../../src/mail/mailboxes.ts';
import { addressesIn, authorIn, recipientsIn } from '../../src/mail/recipients.ts';

const ANN = 'ann@example.org';
const BEE = 'bee@example.net';

const READ: [string, string, (string | null)[]][] = [
  ['an address', ANN, [ANN]],
  ['blanks around it', ` \t${ANN}\r\n `, [ANN]],
  ['a domain in capitals', 'Ann@EXAMPLE.org', ['Ann@example.org']],
  ['a list', `${ANN}, ${BEE}`, [ANN, BEE]],
  ['semicolons, as some mail clients write them', `${ANN}; ${BEE};`, [ANN, BEE]],
  ['commas with nothing between them', `,,${ANN}, ,${BEE},`, [ANN, BEE]],
  ['a name', `Ann Miller <${ANN}>`, [ANN]],
  ['brackets alone', `<${ANN}>`, [ANN]],
  ['a name in quotes with everything in it', `"Miller, Ann <x@y.z>; \\"A\\": (b@c.d)" <${ANN}>, ${BEE}`, [ANN, BEE]],
  ['a name with an @', `Ann @ Shop <${ANN}>`, [ANN]],
  ['the address in place of the name', `${ANN} <Ann@example.org>`, ['Ann@example.org']],
  ['the same in apostrophes', `'${ANN}' <${ANN}>`, [ANN]],
  ['the same in quotes, and another one', `"${BEE}" <${ANN}>`, [ANN]],
  ['comments, also within comments', `Ann (the (very) best) <${ANN}> (hi), (x) ${BEE} (Bee, \\) too)`, [ANN, BEE]],
  ['the address again in a comment', `${ANN} (Ann@EXAMPLE.org)`, [ANN]],
  ['a group', `Team: Ann <${ANN}>, ${BEE};`, [ANN, BEE]],
  ['a group without an end, and one among others', `${ANN}, Team:${BEE}`, [ANN, BEE]],
  ['an empty group', 'undisclosed-recipients:;', []],
  ['nothing', ' ', []],
  ['a quoted local part', `"a,b"@example.org, "c:d"@example.org`, ['"a,b"@example.org', '"c:d"@example.org']],
  ['a name that a comma divides', `Miller, Ann <${ANN}>`, [ANN]],
  ['an address beyond ASCII', `Jörg <jörg@bücher.example>, ${ANN}`, ['jörg@xn--bcher-kva.example', ANN]],
  ['blanks that are no ASCII', `\u00a0${ANN}\u00a0,\u3000${BEE}`, [ANN, BEE]],
  ['names in encoded words', `=?utf-8?q?J=C3=B6rg=2C_x?= <${ANN}>, ${BEE}`, [ANN, BEE]],
  ['a domain beyond ASCII', 'ann@bücher.example', ['ann@xn--bcher-kva.example']],
];

for (const [what, text, addresses] of READ)
  test(`read: ${what}`, () => assert.deepEqual([...addressesIn(text)], addresses));

const GUESSES: [string, string, (string | null)[]][] = [
  ['blanks between addresses', `${ANN} ${BEE}`, [null]],
  ['line ends between addresses', `${ANN}\n${BEE}`, [null]],
  ['brackets one after the other', `<${ANN}><${BEE}>`, [null]],
  ['names and brackets one after the other', `Ann <${ANN}> Bee <${BEE}>`, [null]],
  ['an address before another one in brackets', `${ANN} <${BEE}>`, [null]],
  ['an address behind another one in brackets', `<${BEE}> ${ANN}`, [null]],
  ['another address in a comment', `${ANN} (Bee, ${BEE}), <${BEE}> (${ANN})`, [null, null]],
  ['a slash between addresses', `${ANN}/${BEE}`, [null]],
  ['an address in place of the name of a group', `${ANN}: ${BEE};`, [null, BEE]],
  ['a mailbox in place of the name of a group', `Ann <${ANN}>: ${BEE};`, [null, BEE]],
  ['a blank in a local part', 'a b@example.org', [null]],
  ['a name without brackets', `"Ann" ${ANN}`, [null]],
  ['a comment alone', `(${ANN}), ${BEE}`, [null, BEE]],
  ['a quote without an end', `"Ann <${ANN}>, ${BEE}`, [null]],
  ['a comment without an end', `${ANN} (Ann, ${BEE}`, [null]],
  ['a bracket without an end', `Ann <${ANN}, ${BEE}`, [null]],
  ['a list in brackets', `<${ANN},${BEE}>`, [null]],
  ['a list of recipients in the SMTP dialogue', `<${ANN}>\r\nRCPT TO:<${BEE}>`, [null, BEE]],
  ['brackets with nothing in them', 'Ann <>', [null]],
  ['no address', 'nobody', [null]],
  ['a slip in an address before a name', `jim.example.org, Bee <${BEE}>`, [null, BEE]],
  ['two words before a name', `nobody, Bee <${BEE}>, somebody, ${ANN}`, [BEE, null, ANN]],
  ['a word at the end', `${ANN}, nobody`, [ANN, null]],
  ['a group in a group', `Team: Inner: ${ANN}; ${BEE}`, [null, ANN, BEE]],
  ['a bracket behind the end', `<${ANN}> ${BEE}, <${ANN}> <${BEE}>`, [null, null]],
  ['a list in a comment beside a list', `${ANN} (x), (${BEE})`, [ANN, null]],
];

for (const [what, text, addresses] of GUESSES)
  test(`not guessed: ${what}`, () => assert.deepEqual([...addressesIn(text)], addresses));

test('recipients are named once, whatever the case, and misfits by their place', () => {
  assert.deepEqual(recipientsIn([`${ANN}, nobody, ANN@Example.org`, '', `x y, ${BEE}`]), {
    addresses: [ANN, BEE],
    misfits: [
      { text: 0, address: 1 },
      { text: 2, address: 0 },
    ],
  });
});

test('no more is read than shows that there are too many recipients', () => {
  const many = (sign: string) => `${sign}@example.org,`;
  const list = (head: string) => Array.from({ length: 5000 }, (_, n) => many(`${head}${n}`)).join('');
  assert.equal(recipientsIn([list('a')]).addresses.length, 1001);
  assert.equal(recipientsIn([list('a b')]).misfits.length, 1001);
});

test('an author is found among names that would be no recipients', () => {
  assert.equal(authorIn(`ann@shop.example via Shop <${BEE}>`), BEE);
  assert.equal(authorIn(`Ann ${ANN}`), ANN);
  assert.equal(authorIn(`nobody, Bee <${BEE}>, ${ANN}`), BEE);
  assert.equal(authorIn('nobody'), null);
});

test('a text that is longer than any list of recipients is not read, and neither are many that are so together', () => {
  const list = (names: number) => `Ann <${ANN}>,`.repeat(names);
  assert.deepEqual(recipientsIn([list(3_000)]).addresses, [ANN]);
  const unread = { addresses: [], misfits: [{ text: 0, address: 0 }] };
  assert.deepEqual(recipientsIn([list(5_000)]), unread);
  assert.deepEqual(recipientsIn([list(3_000), list(3_000)]), unread);
  assert.deepEqual(recipientsIn(Array(1000).fill(' '.repeat(1000))), unread);
});

test('no text takes longer to read than its length', () => {
  const timeOf = (piece: string, bytes: number) => {
    const text = piece.repeat(bytes / piece.length);
    const begin = process.cpuUsage();
    for (let n = 0; n < 3; n++) assert.ok([...mailboxesIn(text)].length <= bytes + 1);
    return process.cpuUsage(begin).user / 1000;
  };
  for (const piece of [`${ANN},`, `<${ANN}>`, '(', '"', '"a" ', ',', 'a,', '()', '\\"', ':', 'a:', `(${ANN})`]) {
    timeOf(piece, 50_000);
    const [small, large] = [timeOf(piece, 50_000), timeOf(piece, 500_000)];
    assert.ok(large < 40 * (small + 20), `${piece}: ${small} ms and ${large} ms`);
  }
});

test('each entry keeps its name, and a name that is written again reads the same', () => {
  const list = `Ann Miller <${ANN}>, "Lee, Bee" <${BEE}>, Miller, Ann <${ANN}>, ${BEE} (Bee), ${ANN} <${ANN}>, J\u00f6rg <${BEE}>`;
  const read = [...mailboxesIn(list)];
  assert.deepEqual(
    read.map(({ name }) => name),
    ['Ann Miller', 'Lee, Bee', 'Miller, Ann', 'Bee', ANN, 'Jörg'],
  );
  assert.deepEqual(
    read.map(({ name, address }) => written(name, address ?? '')),
    [`Ann Miller <${ANN}>`, `"Lee, Bee" <${BEE}>`, `"Miller, Ann" <${ANN}>`, `Bee <${BEE}>`, ANN, `Jörg <${BEE}>`],
  );
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
      const name = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
      const [again, ...others] = mailboxesIn(written(name, ANN));
      assert.deepEqual([again, others], [{ name: again?.name, address: ANN }, []]);
      if (!name.includes('=?')) assert.equal(again?.name, name);
    }),
  );
});

test('a name in quotes may look like an address, with blanks around it too', () => {
  assert.deepEqual(addressesIn('" !@!" <a0@example.org>, "b \\\\ \\" x@y" <a1@example.org>'), [
    'a0@example.org',
    'a1@example.org',
  ]);
});

test('no text makes it throw, and every address that is written in a proper list is read', () => {
  const sign = fc.constantFrom(...'ab@.<>(),:;"\\ \r\n\'', ANN, BEE);
  fc.assert(
    fc.property(fc.array(sign), (signs) => {
      for (const address of addressesIn(signs.join(''))) assert.ok(address === null || address.includes('@'));
    }),
  );
  const name = fc.string({ maxLength: 12 }).map((text) => JSON.stringify(text.replace(/[^ -~]/g, '')));
  const mailbox = fc.tuple(fc.nat(99_999), name).map(([n, quoted]) => ({ n, text: `${quoted} <a${n}@example.org>` }));
  fc.assert(
    fc.property(fc.array(mailbox), (mailboxes) => {
      const list = mailboxes.map(({ text }) => text).join(', ');
      assert.deepEqual(
        [...addressesIn(list)],
        mailboxes.map(({ n }) => `a${n}@example.org`),
      );
    }),
  );
});
