import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import fc from 'fast-check';
import { measure, readLabelled } from '../../scripts/labelled-replies.ts';
import { classify } from '../../src/classifier/classify.ts';
import type { ReplyInput } from '../../src/classifier/engine/reply.ts';
import type { Example } from '../../src/classifier/engine/rule.ts';
import { BEFORE_OWN, RULES } from '../../src/classifier/rules/index.ts';
import { CAUSES, DECISIONS } from '../../src/core/verdict.ts';

const inputOf = (example: Example): ReplyInput => (typeof example === 'string' ? { message: example } : example);
const examples = [...BEFORE_OWN, ...RULES].map(({ example }) => inputOf(example));
const decisionOn = (message: string): string => classify({ message }).decision;

test('who is named decides, not the verb', () => {
  assert.equal(
    classify({ message: '550 <kim@mail.test>: Sender address rejected: User unknown' }).cause,
    'sender_address',
  );
  assert.equal(
    classify({ message: '550 <kim@mail.test>: Recipient address rejected: User unknown' }).cause,
    'recipient_unknown',
  );
  assert.equal(classify({ message: '554 Sorry, host [10.1.2.3] is blocked using zen.spamhaus.org' }).cause, 'ip_block');
  assert.equal(
    classify({ message: '554 Sorry, sender [a@b.test] is blocked using dbl.spamhaus.org' }).cause,
    'domain_reputation',
  );
  assert.equal(classify({ message: '550 Refused: low reputation of the sending IP address' }).cause, 'ip_block');
  assert.equal(classify({ message: '550 Refused: low reputation of the sending domain' }).cause, 'domain_reputation');
  assert.equal(
    classify({ message: '550 mailbox unavailable: invalid DNS MX or A/AAAA record' }).cause,
    'sender_address',
  );
});

test('enhanced codes that nearly mean "no such user" give way to words that say otherwise', () => {
  assert.equal(
    decisionOn('550 5.1.1 <kim@mail.test> 10.1.2.3 has sent to too many recipients this hour'),
    'retry_later',
  );
  assert.equal(decisionOn('552 5.1.1 <kim@mail.test> is over quota'), 'retry_later');
  assert.equal(decisionOn('550 5.2.1 The person is receiving mail at a rate that prevents more of it'), 'retry_later');
});

test('a reply that speaks of our own address, or of whom we write to, does not suppress the recipient', () => {
  for (const message of [
    '550 5.1.1 Your mailbox does not exist at mail.test',
    '550 5.1.1 Return address does not exist',
    "550 The sender doesn't have a valid account",
    '550 Verification failed for <kim@mail.test>: mailbox not found',
    '554 We block hosts that send to unknown users',
    '550 invalid address 10.1.2.3',
    '553 <kim@mail.test>: no such user (in reply to MAIL FROM command)',
    '550 user not known: please log in first',
    '550 5.7.1 Unable to deliver to <kim@mail.test>',
  ]) {
    assert.notEqual(decisionOn(message), 'give_up_suppress', message);
  }
});

test('the name with which a server begins decides nothing, unless it is the name of a list', () => {
  assert.equal(classify({ message: '550 antispam.mail.test: user unknown' }).cause, 'recipient_unknown');
  assert.equal(classify({ message: '550 dynamic-ip.mail.test No such user here' }).cause, 'recipient_unknown');
  assert.equal(classify({ message: '554 mailbox.mail.test Your IP 10.1.2.3 is blocked' }).cause, 'ip_block');
  assert.equal(classify({ message: '550 zen.spamhaus.test refuses it' }).cause, 'ip_block');
});

test('an unknown reply never suppresses', () => {
  for (const code of [null, 500, 501, 550, 551, 552, 553, 554, 571, 599]) {
    for (const enhancedCode of [null, '5.0.0', '5.1.0', '5.3.0', '5.5.0', '5.7.1']) {
      for (const message of [
        '',
        'Zzz qqq',
        '$%&',
        '不明な',
        'Access denied',
        'Rejected',
        'Transaction failed',
        'Blocked',
        'No',
      ]) {
        assert.notEqual(
          classify({ code, enhancedCode, message }).decision,
          'give_up_suppress',
          `${code} ${enhancedCode} ${message}`,
        );
      }
    }
  }
});

test('what is not understood is undetermined, and said with little confidence', () => {
  const verdict = classify({ code: 550, message: 'Zzz qqq' });
  assert.equal(verdict.cause, 'undetermined');
  assert.equal(verdict.decision, 'give_up_no_suppress');
  assert.ok(verdict.confidence < 0.3);
});

test('a temporary failure is left to the provider, its cause still named', () => {
  for (const input of examples) {
    const { cause } = classify(input);
    assert.equal(classify({ ...input, severity: 'temporary' }).decision, 'retry_later');
    assert.equal(classify({ ...input, severity: 'temporary' }).cause, cause);
  }
});

test('a code in the four hundreds never suppresses, whatever the words', () => {
  for (const input of examples) {
    for (const code of [400, 421, 450, 451, 452, 499]) {
      assert.equal(classify({ ...input, code, severity: null }).decision, 'retry_later', JSON.stringify(input));
    }
  }
});

test('of a missing mail server, a permanent report is a dead domain and a temporary one is not', () => {
  assert.equal(
    classify({ code: 498, message: 'No MX for nowhere.test', severity: 'permanent' }).decision,
    'give_up_suppress',
  );
  assert.equal(
    classify({ code: 498, message: 'No MX for nowhere.test', severity: 'temporary' }).decision,
    'retry_later',
  );
});

test("Mailgun's suppressions stand before the words of an old bounce", () => {
  const verdict = classify({ code: 550, reason: 'suppress-bounce', message: 'Your IP 10.1.2.3 is on the blacklist' });
  assert.equal(verdict.cause, 'suppressed');
});

test('the true cause behind "too old" is used when the words know it', () => {
  const verdict = classify({
    code: 602,
    reason: 'old',
    message: 'Too old',
    description: 'blocked using zen.spamhaus.org',
  });
  assert.equal(verdict.cause, 'ip_block');
});

test('case and wrapping do not change what is decided', () => {
  const wrapped = (text: string): string[] => [
    text.toUpperCase(),
    `smtp; ${text}`,
    `550 ${text}`,
    ` ${text}\r\n`,
    `host mx1.mail.test[10.1.2.3] said: ${text} (in reply to RCPT TO command)`,
  ];
  for (const { example } of RULES) {
    if (typeof example !== 'string' || !/^5\d\d /.test(example)) continue;
    const plain = classify({ code: 550, message: example });
    for (const message of wrapped(example)) {
      assert.equal(classify({ code: 550, message }).decision, plain.decision, message);
    }
  }
});

test('a reply broken over lines, each with the code again, reads as one sentence', () => {
  const verdict = classify({
    message: '550-5.1.1 The account that you\r\n550-5.1.1 wrote to does not\r\n550 5.1.1 exist. ab12-gsmtp',
  });
  assert.equal(verdict.cause, 'recipient_unknown');
  assert.equal(verdict.evidence.rule, 'recipient-unknown');
});

test('an IP address is not taken for an enhanced code', () => {
  assert.equal(classify({ code: 550, message: 'Zzz 10.5.1.1 qqq' }).cause, 'undetermined');
  assert.equal(classify({ code: 550, message: 'Zzz 5.1.1.20 qqq' }).cause, 'undetermined');
  assert.equal(classify({ code: 550, message: 'Zzz #5.1.1 qqq' }).cause, 'recipient_unknown');
});

test('a code given as text, or an enhanced code in its place, is understood', () => {
  assert.equal(classify({ code: '605' }).cause, 'suppressed');
  assert.equal(classify({ code: '5.1.1' }).cause, 'recipient_unknown');
  assert.equal(classify({ code: '421', message: 'User unknown' }).decision, 'retry_later');
});

test('the words of an address do not decide, nor leave in the evidence', () => {
  const verdict = classify({ message: '550 <user.unknown.spam@blacklisted.test>: Zzz qqq' });
  assert.equal(verdict.cause, 'undetermined');
  for (const input of examples) assert.ok(!classify(input).evidence.words.includes('@'), JSON.stringify(input));
});

test('replies in other languages are understood', () => {
  const said: [string, string][] = [
    ['550 Empfänger unbekannt', 'recipient_unknown'],
    ['550 Utilisateur inconnu', 'recipient_unknown'],
    ['550 El usuario no existe', 'recipient_unknown'],
    ['550 Usuário inexistente', 'recipient_unknown'],
    ['550 Utente sconosciuto', 'recipient_unknown'],
    ['550 Użytkownik nie istnieje', 'recipient_unknown'],
    ['550 Uživatel neexistuje', 'recipient_unknown'],
    ['550 Gebruiker onbekend', 'recipient_unknown'],
    ['550 Пользователь не найден', 'recipient_unknown'],
    ['550 用户不存在', 'recipient_unknown'],
    ['550 宛先が見つかりません', 'recipient_unknown'],
    ['552 Boîte pleine: la boîte aux lettres est pleine', 'mailbox_full'],
    ['552 Schránka je plná', 'mailbox_full'],
    ['552 邮箱已满', 'mailbox_full'],
  ];
  for (const [message, cause] of said) assert.equal(classify({ message }).cause, cause, message);
});

test('an address that is closed is known in other languages too, for good and for now', () => {
  for (const message of [
    '550 Das Postfach wurde stillgelegt',
    '550 Ce compte est désactivé',
    '550 La cuenta ha caducado',
    '550 Esta conta foi encerrada',
    '550 La casella è scaduta',
    '550 Het account is opgeheven',
    '550 Konto wygasło',
    '550 Schránka byla deaktivována',
    '550 Brevlådan är avstängd',
    '550 Postkassen er nedlagt',
    '550 Postilaatikko on suljettu',
    '550 A postafiók megszűnt',
    '550 Contul este dezactivat',
    '550 Hesap askıya alınmıştır',
    '550 Ο λογαριασμός είναι ανενεργός',
    '550 Ящик закрыт',
    '550 Скриньку вимкнено',
    '550 邮箱已停用',
    '550 このアカウントは凍結されています',
    '550 휴면 계정입니다',
    '550 Tài khoản đã bị khóa',
    '550 Akun ini nonaktif',
    '550 الحساب معطل',
    '550 החשבון מושבת',
  ]) {
    assert.equal(classify({ message }).cause, 'recipient_disabled', message);
  }
  for (const message of [
    '550 Das Postfach ist vorübergehend gesperrt',
    '550 La cuenta está temporalmente suspendida',
    '550 Ящик временно заблокирован',
  ]) {
    assert.equal(decisionOn(message), 'give_up_no_suppress', message);
  }
});

test('letters that a server or the way could not write do not hide what is said', () => {
  for (const message of [
    '550 Empfaenger existiert nicht',
    '550 Empf?nger existiert nicht',
    '550 Empf\ufffdnger existiert nicht',
    '550 El buz?n no existe',
    '550 no_such_user',
    '550 Recipient_does_not_exist',
  ]) {
    assert.equal(classify({ message }).cause, 'recipient_unknown', message);
  }
  assert.equal(classify({ message: '550 Mailbox_currently_closed' }).cause, 'recipient_disabled');
});

test('in no language is the sender taken for the recipient', () => {
  for (const message of [
    '550 Absender unbekannt, Adresse existiert nicht',
    "550 L'adresse de l'expéditeur est inconnue",
    '550 La dirección del remitente no existe',
    '550 Endereço do remetente inexistente',
    '550 Indirizzo del mittente inesistente',
    '550 Adres nadawcy nie istnieje',
    '550 Adresa odesílatele neexistuje',
    '550 Avsändarens adress finns inte',
    '550 Adres van de afzender bestaat niet',
    '550 Gönderen adresi bulunamadı',
    '550 Адрес отправителя не существует',
    '550 发件人地址不存在',
    '550 送信者のアドレスが存在しません',
    '550 발신자 메일 주소가 존재하지 않습니다',
    '550 5.1.1 Absender gesperrt',
    '550 5.2.1 El servidor no acepta correo por IPv6',
  ]) {
    assert.notEqual(decisionOn(message), 'give_up_suppress', message);
  }
});

test('a code that means a dead address, beside words that only forbid, neither sends again nor suppresses', () => {
  for (const enhanced of ['5.1.1', '5.1.10', '5.2.1']) {
    for (const words of ['Not permitted', 'Denied by rule 12', 'Refused: restriction in place', 'Policy 7']) {
      const { decision } = classify({ message: `554 ${enhanced} ${words}` });
      assert.equal(decision, 'give_up_no_suppress', `${enhanced} ${words}`);
    }
  }
  assert.equal(decisionOn('550 5.1.1 Blocked for spam'), 'switch_provider');
});

test('a refusal that names the recipient, in words that are not known, is not sent again', () => {
  for (const code of [521, 550, 552, 553, 554, 571]) {
    for (const words of [
      '5.7.1 Something about this mailbox does not please us',
      'The recipient fails test 12',
      '<kim@mail.test> not wanted at this place',
      'This user has a problem with us',
    ]) {
      assert.equal(decisionOn(`${code} ${words}`), 'give_up_no_suppress', `${code} ${words}`);
    }
  }
  assert.equal(decisionOn('554 5.7.1 Your IP 10.1.2.3 is not welcome'), 'retry_new_ip');
});

test('whoever keeps a list of addresses that get nothing, an address on it is suppressed', () => {
  for (const message of [
    '554 5.7.1 recipient address was suppressed due to customer policy (Spam Complaint)',
    '550 5.2.1 Not sending to previously bounced email',
    '550 Address is on the suppression list for this account',
  ]) {
    assert.equal(classify({ message }).cause, 'suppressed', message);
  }
});

const DEAD_OPENINGS = [
  '550 5.1.1 <kim@mail.test>: Recipient address rejected: User unknown',
  '550 No such user here',
  '550 Invalid recipient',
  '553 sorry, no mailbox here by that name',
  '550 The email account that you tried to reach does not exist',
  '550 5.2.1 The account is disabled',
  '550 Empfänger unbekannt',
  '550 Utilisateur inconnu',
];

test('what opens with a dead recipient is dead, whatever advice or page or filter follows', () => {
  const follow = [
    '. Please check the address and try again later.',
    '. See https://mail.test/help/spam-policy.html',
    '. For more information visit http://mail.test/blocked?code=12',
    '. If you believe this is spam filtering in error, call us',
    ' [mx1.spamfilter.test]',
    ' (host antispam.mail.test)',
    '. Access denied',
    ' - policy 12',
    '. Too many of these will get you blocked',
    ' id=abc123-spam',
    '. Use of this server is subject to our policy',
    ' SPF: pass; DKIM: pass',
  ];
  for (const dead of DEAD_OPENINGS) {
    for (const rest of follow)
      assert.equal(classify({ message: dead + rest }).decision, 'give_up_suppress', dead + rest);
  }
});

test('misspelt words are read as what they mean', () => {
  const dead = [
    '550 Adressee Unknown',
    '550 5.1.1 <kim@mail.test>... User Unknwon',
    '550 recepient unkown',
    '550 this user dosnt exsist',
    "550 local server don't exists that user",
  ];
  for (const message of dead) assert.equal(classify({ message }).decision, 'give_up_suppress', message);
});

test('an account that may not send is ours, and three guesses of which one is a full box are no proof', () => {
  assert.equal(classify({ message: '550 message sending for this account is disabled' }).decision, 'fix_sender');
  const guesses = "550 e-mail address <kim@mail.test> doesn't exist or blocked or mailbox is full";
  assert.equal(classify({ message: guesses }).decision, 'give_up_no_suppress');
  assert.equal(classify({ message: '552 message is larger than the space available' }).decision, 'retry_later');
  assert.equal(classify({ message: '550 Address is not handled by this system' }).decision, 'give_up_suppress');
});

test('what follows on our machine, the sender, a full box or a silent directory keeps the recipient', () => {
  const live = [
    '550 User unknown, your IP 10.1.2.3 has been blacklisted',
    '550 Unknown user; sender verification failed',
    '550 No such user. Access denied by IP reputation',
    '550 The account is disabled: over quota',
    '550 User not found or mailbox full',
    '550 unknown user, LDAP server unreachable',
    '550 Invalid email address in From header',
    '550 Invalid recipient, TLS required',
    '550 Member not found: only members may post',
    '550 Your account does not exist',
    '550 Account suspended due to violation of our policy',
    '550 Adresse IP source bloquee pour incident de spam',
  ];
  for (const message of live) assert.notEqual(classify({ message }).decision, 'give_up_suppress', message);
});

test('an account by which we send, a callout to us, or mail of one kind refused, keeps the recipient', () => {
  const ours = [
    '550 Parent account suspended',
    '551 Primary account unavailable',
    '550 API user unknown',
    '550 Account not activated for sending',
    '550 This account is not active for outgoing mail',
    '550 Postmaster check failed for mail.test: 550 User unknown',
    "550-We called back mx.mail.test. 550-We sent: RCPT TO:<kim@mail.test> 550 No such user. Return address can't be verified",
    '550-Called: 10.9.8.7 550-Sent: RCPT TO:<kim@mail.test> 550-Response: 550 5.1.1 No such mailbox',
    '550 You are required to have an abuse mailbox, and <abuse@mail.test> is unknown',
    '550 5.1.0 ax12b3 nieprawidłowa domena / invalid domain',
    '550 Rejected: unknown domain',
    '550 This domain does not accept attachments',
    '550 Domain mail.test does not accept mail from abroad',
    '550 Host does not accept unauthenticated connections',
    '556 The number of recipients per message is over the size',
  ];
  for (const message of ours) assert.notEqual(classify({ message }).decision, 'give_up_suppress', message);

  const dead = [
    '550 5.1.2 Unknown domain nowhere.test',
    '550 Recipient domain unknown',
    '550 Domain mail.test does not accept mail',
    '550 The domain mail.test does not receive e-mail.',
    '550 This domain does not accept email anymore',
    '521 Host does not accept mail',
  ];
  for (const message of dead) assert.equal(classify({ message }).decision, 'give_up_suppress', message);
});

test('a box that is closed for a time is not suppressed, one that is closed is', () => {
  const closedForNow = [
    '550 The mailbox is currently closed, please try again',
    '550 Mailbox disabled at this time',
    '550 Account disabled until payment is received',
    '550 The account is deactivated pending verification',
    '550 Mailbox is closed for maintenance',
    '550 <kim@mail.test>: user is suspended at this time',
  ];
  for (const message of closedForNow) assert.notEqual(classify({ message }).decision, 'give_up_suppress', message);

  const closed = ['550 This account has been disabled', '550 The mailbox is closed. Please check the address'];
  for (const message of closed) assert.equal(classify({ message }).decision, 'give_up_suppress', message);
});

test('an address that somebody made up, or wrote wrongly, is dead', () => {
  const dead = [
    '550 You are trying to send to a made-up address',
    '554 Your mail was addressed to a fictitious recipient',
    '550 You have attempted to mail a bogus mailbox',
    '553 5.1.3 RCPT syntax is invalid',
    '550 5.1.1 <kim@mail.test> recipient rejected. Please check your settings and try again.',
    '550 5.1.1 Recipient refused. Please review the address and try again',
    '550 <kim@mail.test> has no mail here',
    '550 Leider gibt es keinen Empfänger dieses Namens',
    '550 Er is geen account met dit adres',
    '550 Det finns ingen mottagare med detta namn',
    '550 Der er ingen bruger med det navn',
    '550 Não há nenhum destinatário com esse endereço',
    "550 Cette personne n'existe pas ici",
    '550 Taka osoba nie istnieje',
  ];
  for (const message of dead) assert.equal(classify({ message }).decision, 'give_up_suppress', message);

  const live = [
    '550 You are trying to send mail from a forged address',
    '550 You have sent too many mails to a nonexistent address',
    '550 Server unavailable; check our status page and try again',
    '550 Mailbox full, please check with the recipient and try again',
    '550 This user has no mail space',
    '550 Es gibt keinen Platz im Postfach',
    '550 Er is geen ruimte in de mailbox',
    '550 Det finns inget utrymme i brevlådan',
    '550 Não há espaço na caixa',
  ];
  for (const message of live) assert.notEqual(classify({ message }).decision, 'give_up_suppress', message);
});

test('what a recipient may not receive, or has blocked, is no matter of our IP or of spam', () => {
  const restricted = [
    '550 <kim@mail.test> has blacklisted <bob@mail.test>',
    '550 5.7.1 Recipient is blacklisted',
    '550 The recipient is not permitted to receive messages from outside because of our filter policy',
    '550 This address is not entitled to receive external messages',
  ];
  for (const message of restricted) assert.equal(classify({ message }).cause, 'recipient_restricted', message);
  for (const message of ['550 <kim@mail.test> has blacklisted your server', '554 Insecure relay, go away'])
    assert.equal(classify({ message }).cause, 'ip_block', message);
  for (const message of ['550 The message has an unwanted ZIP attachment', '554 Too many embedded attachments'])
    assert.equal(classify({ message }).cause, 'message_format', message);
  const other = '554 5.7.1 The domain of the authenticated user is not the same as that of the From';
  assert.equal(classify({ message: other }).decision, 'fix_sender');
});

test('what is too long or too much is told apart: an address, a mail, the number of mails', () => {
  const dead = [
    '550 5.1.1 Recipient address length exceeds 254 octets',
    '501 Local part is too long',
    '553 Destination mailbox name too long',
    '550 The user <kim@mail.test> is not deliverable',
  ];
  for (const message of dead) assert.equal(classify({ message }).decision, 'give_up_suppress', message);
  const causes: [message: string, cause: string][] = [
    ['523 Message length (20 MB) exceeds the limit of this server', 'message_too_big'],
    ['552 5.3.4 Mail size 123456 exceeds maximum', 'message_too_big'],
    ['550 You are sending us too much mail', 'rate_limited'],
    ['550 A blacklisted and dangerous file extension was found', 'message_format'],
    ['554 Could not parse headers', 'message_format'],
    ['553 Unacceptable mail-from', 'sender_address'],
    ['501 5.1.2 Malformed destination domain', 'bad_domain'],
  ];
  for (const [message, cause] of causes) assert.equal(classify({ message }).cause, cause, message);
  const live = ['550 Recipient list too long', '550 Sender address too long', '550 Your address is not deliverable'];
  for (const message of live) assert.notEqual(classify({ message }).decision, 'give_up_suppress', message);
});

test('any input at all gets a verdict', () => {
  const field = fc.option(
    fc.oneof(fc.string({ unit: 'binary', maxLength: 100 }), fc.constantFrom('5.1.1', '550', 'temporary', 'old')),
  );
  const input = fc.record(
    {
      code: fc.option(fc.oneof(fc.integer(), fc.double(), fc.string())),
      enhancedCode: field,
      message: field,
      description: field,
      severity: field,
      reason: field,
      bounceType: field,
      mxHost: field,
      recipientDomain: field,
      recipientProvider: field,
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(input, (given) => {
      const verdict = classify(given);
      assert.ok(CAUSES.includes(verdict.cause) && DECISIONS.includes(verdict.decision));
      assert.ok(verdict.confidence >= 0 && verdict.confidence <= 1 && verdict.evidence.rule !== '');
    }),
  );
});

test('random text without a word of the rules never suppresses', () => {
  const noise = fc.string({ unit: fc.constantFrom('q', 'x', 'z', ' ', '.', '-', '5', '0'), maxLength: 200 });
  fc.assert(
    fc.property(noise, (text) => classify({ code: 550, message: `w${text}` }).decision !== 'give_up_suppress'),
    {
      // "5.0.5" may look like an enhanced code, but none of those digits makes one that means an unknown user.
      numRuns: 500,
    },
  );
});

/** A file of labelled replies, as `npm run eval:classifier` takes it. There is none in the package. */
const REPLIES = process.env['LABELLED_REPLIES'];

test('measured on labelled replies it stays above the floor', {
  skip: REPLIES === undefined && 'LABELLED_REPLIES names no file of them',
}, () => {
  const rows = readLabelled(readFileSync(REPLIES ?? '', 'utf8'));
  const got = measure(
    rows,
    ({ code, enhanced, message }) => classify({ code, enhancedCode: enhanced, message }).decision,
  );
  assert.ok(got.accepted >= 97, `accepted ${got.accepted} %`);
  assert.ok(got.exact >= 95, `exact ${got.exact} %`);
  assert.ok(got.resend_to_dead <= 1, `sent again to dead addresses ${got.resend_to_dead} %`);
  assert.ok(got.wrong_suppression <= 0.8, `suppressed though alive ${got.wrong_suppression} %`);
  assert.ok(got.ip_blocks_lost <= 2, `IP blocks lost ${got.ip_blocks_lost} %`);
  assert.ok(got.cost <= 0.05, `cost ${got.cost}`);
});
