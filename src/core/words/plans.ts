import type { Plan } from '../plan.ts';

/** What becomes of a mail by each plan, behind "it is". */
export const PLAN_WORDS: Record<Plan, string> = {
  retry: 'sent again',
  wait: 'sent again after a longer wait',
  switch: 'sent through the secondary',
  stop: 'not sent again',
};

/** A temporary failure has no plan: the provider itself is retrying. */
export const planWords = (plan: Plan | null): string => (plan === null ? 'left to the provider' : PLAN_WORDS[plan]);
