import type { LayeredRule } from '../engine/matcher.ts';
import type { Layer, Rule } from '../engine/rule.ts';
import { DOUBTED_CODES, OTHER_CODES, REPLY_CODES, TELLING_CODES } from './codes.ts';
import { CONTENT } from './content.ts';
import { GATEWAYS } from './gateways.ts';
import { GONE } from './gone.ts';
import { GOOGLE } from './google.ts';
import { IPS } from './ips.ts';
import { ISPS } from './isps.ts';
import { LIMITS } from './limits.ts';
import { MAILGUN, MAILGUN_LAST, SUPPRESSIONS, SUPPRESSIONS_OF_OTHERS } from './mailgun.ts';
import { MICROSOFT } from './microsoft.ts';
import { OPENINGS } from './openings.ts';
import { POLICIES } from './policies.ts';
import { RECIPIENTS } from './recipients.ts';
import { SENDERS } from './senders.ts';
import { SENDGRID } from './sendgrid.ts';
import { DELIVERY_PROGRAMS, LOGINS, SERVERS } from './servers.ts';
import { VAGUE } from './vague.ts';

const layered = (layer: Layer, ...files: (readonly Rule[])[]): LayeredRule[] =>
  files.flat().map((rule) => ({ ...rule, layer }));

/** What even an operator's own rule can't overrule. */
export const BEFORE_OWN: readonly LayeredRule[] = layered('mailgun', SUPPRESSIONS);

/** In the order of asking; the first that holds decides. */
export const RULES: readonly LayeredRule[] = [
  ...layered('mailgun', MAILGUN),
  ...layered('provider', SENDGRID, SUPPRESSIONS_OF_OTHERS, MICROSOFT, GOOGLE, ISPS, GATEWAYS),
  ...layered('words', DELIVERY_PROGRAMS, LOGINS, OPENINGS, LIMITS, SENDERS, IPS, CONTENT, RECIPIENTS, GONE, SERVERS),
  ...layered('mailgun', MAILGUN_LAST),
  ...layered('enhanced', TELLING_CODES, DOUBTED_CODES),
  ...layered('words', VAGUE, POLICIES),
  ...layered('enhanced', OTHER_CODES),
  ...layered('code', REPLY_CODES),
];
