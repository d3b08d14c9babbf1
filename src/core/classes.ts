import type { MessageClass } from './message-class.ts';
import type { Ms } from './time.ts';

/** A rule that gives a class to mail whose sender names none. All that it names has to fit. */
export type ClassRule = {
  /** One of the three, or one of the operator's own. */
  class: string;
  /** Patterns for the whole text, in which `*` stands for anything; case does not matter. */
  tag?: string;
  template?: string;
  subject?: string;
  sender?: string;
  /** The preset that it comes from; absent for one of the operator's own. */
  preset?: string;
};

/** What an operator changes of the policy of a class. */
export type PolicyChange = {
  life?: Ms;
  attempts?: number;
  waits?: readonly Ms[];
  fallback?: boolean;
  fallbackAfter?: Ms;
  alert?: boolean;
};

/** A class of the operator's own: one of the three, as urgent as that one, with a policy of its own. */
export type OwnClass = PolicyChange & { like: MessageClass };

export type Classes = {
  rules: readonly ClassRule[];
  policies: Partial<Record<MessageClass, PolicyChange>>;
  /** By their names. */
  own?: Readonly<Record<string, OwnClass>>;
};

/** What rules look at. */
export type Traits = {
  tags: readonly string[];
  template: string | null;
  subject: string | null;
  sender: string | null;
};

/** The first rule that fits; null when none does. */
export function classRuleFor(rules: readonly ClassRule[], { tags, ...traits }: Traits): ClassRule | null {
  const fits = (pattern: string | undefined, text: string | null) =>
    pattern === undefined || (text !== null && isLike(pattern, text));
  const found = rules.find(
    ({ tag, template, subject, sender }) =>
      (tag === undefined || tags.some((one) => isLike(tag, one))) &&
      fits(template, traits.template) &&
      fits(subject, traits.subject) &&
      fits(sender, traits.sender),
  );
  return found ?? null;
}

/** Piece after piece, each as early as it can be: no pattern takes long. */
function isLike(pattern: string, given: string): boolean {
  const [first = '', ...pieces] = pattern.toLowerCase().split('*');
  const text = given.toLowerCase();
  if (pieces.length === 0) return text === first;
  if (!text.startsWith(first)) return false;
  const last = pieces.pop() ?? '';
  let at = first.length;
  for (const piece of pieces) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length >= at + last.length && text.endsWith(last);
}

const rulesOf = (kind: MessageClass, tags: readonly string[], subjects: readonly string[]): ClassRule[] => [
  ...tags.flatMap((tag): ClassRule[] => [
    { class: kind, tag },
    { class: kind, template: tag },
  ]),
  ...subjects.map((subject): ClassRule => ({ class: kind, subject })),
];

/** Rules for kinds of mail that most applications send. */
export const PRESETS = {
  reset: rulesOf('access', ['*password*reset*', '*reset*password*'], ['*reset*password*', '*password*reset*']),
  'magic-link': rulesOf(
    'access',
    ['*magic*link*', '*login*link*', '*sign*in*link*'],
    ['*magic link*', '*login link*', '*sign-in link*', '*link to sign in*', '*link to log in*'],
  ),
  otp: rulesOf(
    'access',
    ['otp*', '*2fa*', '*one-time*', '*verification*code*'],
    ['*verification code*', '*security code*', '*login code*', '*one-time*', '*confirmation code*'],
  ),
  invite: rulesOf('notice', ['*invit*'], ['*invit*you*', '*invitation*']),
  receipt: rulesOf('notice', ['*receipt*', '*order*confirm*'], ['*receipt*', '*your order*']),
  billing: rulesOf('notice', ['*billing*', '*invoice*', '*payment*'], ['*invoice*', '*payment*']),
  security: rulesOf('notice', ['*security*', '*new*login*'], ['*security alert*', '*new sign-in*', '*new login*']),
  digest: rulesOf('bulk', ['*digest*'], ['*digest*']),
  newsletter: rulesOf('bulk', ['*newsletter*', '*campaign*', '*marketing*'], ['*newsletter*']),
} satisfies Record<string, ClassRule[]>;

export type Preset = keyof typeof PRESETS;
