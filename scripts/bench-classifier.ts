/** How many replies of typical length the classifier judges in a second on one core, and how long it takes over 1 MB of hostile text. */
import { classify } from '../src/classifier/classify.ts';
import { BEFORE_OWN, RULES } from '../src/classifier/rules/index.ts';

const SECONDS = 2;

/** Real replies have 96 characters on average; our examples, which say only what decides, have half of that. */
const TRAILER = ' Ask the postmaster, ab12-cd34ef. mx7.mail.test ESMTP';

const replies = [...BEFORE_OWN, ...RULES].map(({ example }) => {
  const reply = typeof example === 'string' ? { message: example } : example;
  return { ...reply, message: `${reply.message ?? ''}${TRAILER}` };
});

/** By the processor's time, so that neighbours on a busy machine do not count. */
function perSecond(): number {
  let judged = 0;
  let spent = 0;
  const from = process.cpuUsage();
  while (spent < SECONDS) {
    for (const reply of replies) classify(reply);
    judged += replies.length;
    const { user, system } = process.cpuUsage(from);
    spent = (user + system) / 1_000_000;
  }
  return Math.round(judged / spent);
}

const HOSTILE: Record<string, string> = {
  'one letter': 'a',
  blanks: ' ',
  'at signs': '@',
  digits: '1.1.1.1',
  codes: '550-5.1.1 ',
  nouns: 'user mailbox account address is for of the ',
  hosts: 'your ip address 10.1.2.3 host client from ',
  lists: 'blocked using listed in spamhaus reputation ',
};

perSecond();
const length = Math.round(replies.reduce((sum, reply) => sum + reply.message.length, 0) / replies.length);
console.log(`${perSecond()} replies/s of ${length} characters on average, ${RULES.length} rules`);
for (const [name, seed] of Object.entries(HOSTILE)) {
  const message = seed.repeat(Math.ceil(1_000_000 / seed.length));
  const from = performance.now();
  classify({ message });
  console.log(`1 MB of ${name}: ${(performance.now() - from).toFixed(1)} ms`);
}
