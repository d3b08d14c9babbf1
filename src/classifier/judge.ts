import { domainOf } from '../core/address.ts';
import type { Bounce, Sighting } from '../core/sighting.ts';
import { OPERATORS_CONFIDENCE, type Verdict } from '../core/verdict.ts';
import { classify, type OwnRules } from './classify.ts';

export type Judge = (bounce: Bounce, sighting: Pick<Sighting, 'report' | 'recipient' | 'recipientProvider'>) => Verdict;

/** What a failure means, by the operator's own rules and the built-in ones. */
export const judgeBy =
  (rules: OwnRules | undefined): Judge =>
  (bounce, { report, recipient, recipientProvider }) => {
    const recipientDomain = recipient === null ? null : domainOf(recipient);
    const verdict = classify({ ...bounce, recipientDomain, recipientProvider }, rules);
    return report === 'rejected' && verdict.confidence < OPERATORS_CONFIDENCE ? rejected(bounce) : verdict;
  };

/** No server was asked: the provider took the call, and refused the message when it looked at it. */
const rejected = ({ message }: Bounce): Verdict => ({
  cause: 'provider_rejected',
  decision: 'fix_sender',
  confidence: 0.99,
  evidence: { rule: 'rejected', words: message ?? '' },
});
