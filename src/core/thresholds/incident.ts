import type { AlertKind } from '../alerting.ts';
import type { Scope } from './judge.ts';
import type { Rule } from './rule.ts';

/** The incident of a figure that rings, or does not any more. */
export function thresholdIncident(
  { name, measure }: Pick<Rule, 'name' | 'measure'>,
  { domain, class: mail, about }: Scope,
  change: 'rings' | 'clears',
): { kind: AlertKind; incident: string } {
  const rings = measure === 'flatline' ? 'flatline' : 'threshold';
  const kind = change === 'rings' ? rings : (`${rings}_over` as const);
  return { kind, incident: [kind, name, domain, mail, about].filter((part) => part !== '').join(':') };
}
