import type { Fact } from './delivery.ts';
import type { Ms } from './time.ts';

const KEY = 'noted:one-click';

/**
 * Notes of `bulk` mail that its header lets nobody unsubscribe with one click (RFC 8058). Gmail wants that of marketing mail from
 * who sends 5,000 a day to it (support.google.com/mail/answer/81126), and Yahoo of bulk senders, without a number.
 */
export function withoutOneClick(by: 'one-click' | 'link' | 'none' | null, at: Ms): Fact[] {
  if (by === null || by === 'one-click') return [];
  const has = by === 'none' ? 'it has no List-Unsubscribe' : 'its List-Unsubscribe is not for one click';
  const what = `${has}: Gmail and Yahoo want List-Unsubscribe with an https link, and List-Unsubscribe-Post (RFC 8058), of bulk mail`;
  return [{ key: KEY, at, kind: 'noted', attempt: 0, what }];
}

export const lacksOneClick = (facts: readonly Fact[]): boolean => facts.some(({ key }) => key === KEY);

/** From so much mail of a day on Gmail asks for it; Yahoo is taken to as well. */
export const ASKED_FROM = 5000;
