import { durationText } from '../src/base/duration.ts';
import { DEFAULT_RULES, MEASURES, type Measure, type Rule } from '../src/core/thresholds/rule.ts';
import { valueWords } from '../src/core/thresholds/words.ts';
import { table } from './table.ts';

/** `docs/thresholds.md`: what is watched, by which rules, and how a file changes them. */
export function thresholdsPage(): string {
  return [
    HEAD,
    table(
      ['measure', 'what it is', 'values'],
      MEASURES.map((name) => [`\`${name}\``, ...SAYS[name]]),
    ),
    RULES_HEAD,
    table(['rule', 'measure', 'of', 'rings at', 'clears at', 'at least', 'within', 'for'], DEFAULT_RULES.map(rowOf)),
    FILE,
    table(['field', 'what it says', 'without it'], FIELDS),
    TAIL,
  ].join('\n\n');
}

const SAYS: Record<Measure, [string, string]> = {
  bounced: [
    'of what servers answered for good, the share that they refused; not what Mailgun drops by its own list',
    '`5%`',
  ],
  complained: ['of what arrived, the share that was called spam', '`0.1%`'],
  delivered: ['of what came to an end, the share that arrived; less is worse', '`90%`'],
  deferred: ['of what servers answered, the share that they put off', '`30%`'],
  polled: ['of the events, the share that came by no webhook and was found by asking', '`20%`'],
  overdue: [
    'of what was wanted long enough ago, the share that did not arrive `within` that time, arrived later or not',
    '`15%`',
  ],
  slow: ['the time that one of twenty mails that arrived took, or longer', '`5m`'],
  backlog: ['mails that wait to be handed over though their time has come; counted up to 20 000 of a class', '`100`'],
  flatline: ['what was asked for of a class, a tag or a template, as a share of what usually is at this time', '`0%`'],
};

function rowOf(rule: Rule): string[] {
  const { name, measure, per, only, rings, clears, least, leastBad, window, within, holds } = rule;
  const about = only.class === null ? '' : `${only.class} mail, `;
  const named = per.map((part) => (part === 'receiver' ? 'recipient domain' : part));
  const parts =
    measure === 'flatline' ? ['domain', `${rule.kinds.slice(0, -1).join(', ')} or ${rule.kinds.at(-1)}`] : named;
  const bad = leastBad > 0 ? `, ${leastBad} of them bad` : '';
  return [
    ...[`\`${name}\``, measure === 'overdue' ? `overdue, ${durationText(within)}` : measure],
    ...[`${about}each ${parts.join(' and ')}`, valueWords(measure, rings)],
    ...[measure === 'flatline' ? 'any' : valueWords(measure, clears), least > 0 ? `${least} mails${bad}` : ''],
    ...[measure === 'backlog' ? 'now' : durationText(window), durationText(holds)],
  ];
}

const HEAD = `# Thresholds

Written by \`npm run docs\`.

Homing alerts administrators when figures of the mail are beyond what a rule allows, and tells when they are well again. Those
who have Prometheus need none of it. What is watched:`;

const RULES_HEAD = `A figure **rings** at one value and **clears** at another, so that it does not do both over and over; it has to be beyond for a
while, and of enough mail: two of three bounces are no trend. What happened counts from when it became known. Recipient domains
are judged by themselves where they get enough mail; of one rule ten ring at once, the worst first, and
more only when they are worse than those. Of much mail
that was late or slow, some of each part of the time stands for all of it.

## The rules that hold

Mailgun [disables domains](https://help.mailgun.com/hc/en-us/articles/202229054-How-can-I-lower-my-domain-s-bounce-rate) with
many bounces; 5 % is the limit that its customers tell of. Gmail asks for complaints below 0.1 %, and never 0.3 %. Gmail tells
of complaints in its own Postmaster Tools only: those that are counted here are of others.`;

const FILE = `A **flatline** is mail that nobody asked for: a class, a tag or a template of which so much is usually sent in this time, and now
none is. Usual is what was sent at the same hour (of \`REPORT_TIMEZONE\`) of the same weekday in three of the last four weeks, or on
six of the last seven days. So nothing rings in the first week, on a holiday one day is forgiven, and a weekly letter is missed on
its day alone. Names with a number of four digits, an id or an address in them are not compared, and of more than 300 names in a quarter of
an hour the others are not. It clears when such mail is sent again, or after eight days in which it is not expected any more.

## Other rules

\`ALERT_RULES\` names a JSON file. A rule with the name of one above changes what it says of it; any other is added; \`off\` takes
rules away:

\`\`\`json
{
  "rules": [
    { "name": "bounced", "rings": "3%", "clears": "2%" },
    { "name": "yahoo-complaints", "measure": "complained", "receiver": "yahoo.com", "rings": "0.2%", "clears": "0.1%", "window": "1d" },
    { "name": "resets-late", "measure": "overdue", "class": "access", "within": "1m", "rings": "10%", "clears": "5%", "least": 20 }
  ],
  "off": ["polled"]
}
\`\`\``;

const FIELDS: [string, string, string][] = [
  ['`name`', 'small letters, digits and hyphens', ''],
  ['`measure`', 'one of those above', 'that of the rule it changes'],
  ['`rings`, `clears`', 'a share, a length or a number', '`clears`: the same as `rings`'],
  [
    '`per`',
    'what is told apart: any of `domain`, `class`, `receiver` (the domain of recipients)',
    '`["domain", "class"]`',
  ],
  ['`domain`, `class`, `receiver`', 'only mail of this one', 'all'],
  ['`kinds`', 'of a flatline: any of `class`, `tag`, `template`', 'all three'],
  ['`least`, `leastBad`', 'of so many mails, and so many bad ones', '50 and 5; a backlog 0, a flatline 10'],
  ['`window`', 'the time that is looked at, from 15m to 31d (6h for `overdue` and `slow`, 1d for `flatline`)', '`1h`'],
  ['`within`', 'of `overdue`: the time in which mail should arrive', '`5m`'],
  [
    '`holds`, `clearsAfter`',
    'for how long it has to be so, to ring and to clear',
    '`5m` and `10m`; a flatline `30m` and at once',
  ],
  ['`comment`', 'is for people', ''],
];

const TAIL = `A mistake stops the start, with its place and what was most likely meant; \`homing doctor\` names it too. A change needs a restart.

Try rules before they go live: \`homing alerts test --rules new-rules.json --days 30\` plays what happened to the mail again and says
when each would have rung and cleared, and what it was. It reads messages as long as they are kept (\`RETENTION_DAYS\`).
`;
