import { PortError } from '../../providers/mailgun/port.ts';
import { ApiRefusal } from '../../providers/mailgun/refusal.ts';
import { type Check, type Finding, warning } from './finding.ts';

/** A warning that Mailgun did not tell something, which may be right all the same. */
export function unasked(check: Check, error: unknown): Finding {
  if (!(error instanceof ApiRefusal) && !(error instanceof PortError)) throw error;
  return warning(check, `can't be checked: ${error.message}`, 'look at it in the Mailgun dashboard');
}
