import { domainOf } from '../address.ts';
import type { Attempt } from '../delivery.ts';

/** Where a failure belongs in the figures: the domain of the recipient and the cause, with a space between. */
export const failingPlace = (recipient: string, failed: Attempt): string =>
  `${recipientDomain(recipient)} ${causeOf(failed)}`;

export const causeOf = (failed: Attempt): string => failed.failure?.verdict?.cause ?? 'undetermined';

/** What stands for the domain of a recipient that has none. */
export const NO_DOMAIN = '(none)';

/** Recipients come from outside: those whose domain is no plain domain name are counted together. */
export function recipientDomain(recipient: string): string {
  const domain = domainOf(recipient.trim());
  return /^[^\s\p{Cc}\p{Cs}]{1,253}$/u.test(domain) ? domain : NO_DOMAIN;
}
