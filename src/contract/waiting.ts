// What the person who waits for a message sees of it: no address, no subject, no provider.
import { html, type Markup } from '../base/markup.ts';
import { type ResendResult, resendableFrom } from '../core/resend.ts';
import type { Ms } from '../core/time.ts';
import { resendableAt, type Stage, stageOf, type WaitingState, waitingState } from '../core/waiting.ts';
import { lengthWords } from '../core/words/numbers.ts';
import { RESEND, WAITING } from '../core/words/waiting.ts';
import { awaitedFrom, type Waiting } from '../store/messages/resends.ts';
import { pageOf, policyWith } from './page.ts';

export type ShownWaiting = {
  state: WaitingState;
  /** By which both of these are chosen. */
  stage: Stage;
  sentence: string;
  nextStep: string;
  /** From when on it can be sent again; null when that is of no use. */
  resendAvailableAt: string | null;
};

export function shownWaiting({ message, rows, asked }: Waiting, cooldown: Ms, now: Ms): ShownWaiting {
  const madeAt = awaitedFrom(message);
  const since = Math.max(madeAt, asked?.at ?? 0);
  const stage = stageOf(rows, since, now);
  const at = resendableAt(rows, resendableFrom(madeAt, asked, cooldown), now);
  return { state: waitingState(stage), stage, ...WAITING[stage], resendAvailableAt: isoOf(at) };
}

export const shownResend = ({ result, availableAt }: { result: ResendResult; availableAt: Ms | null }) => ({
  ...{ result, sentence: RESEND[result] },
  resendAvailableAt: isoOf(availableAt),
});

const isoOf = (at: Ms | null): string | null => (at === null ? null : new Date(at).toISOString());

/** The page has a button. */
export const ASKING_POLICY = policyWith("form-action 'self'");

/** Seconds after which the page of what has not come yet is shown anew. */
const ANEW = 20;

export function waitingPage(shown: ShownWaiting, token: string, now: Ms): string {
  const isOpen = shown.state !== 'delivered' && shown.state !== 'failed';
  return pageOf(
    'Your email',
    html`<h1>${shown.sentence}</h1>
<p>${shown.nextStep}</p>
${resendPart(shown, token, now)}`,
    isOpen ? html`<meta http-equiv="refresh" content="${ANEW}">` : html``,
  );
}

function resendPart({ resendAvailableAt }: ShownWaiting, token: string, now: Ms): Markup {
  if (resendAvailableAt === null) return html``;
  const left = Date.parse(resendAvailableAt) - now;
  if (left > 0) return html`<p class="faint">It can be sent again in ${lengthWords(left)}.</p>`;
  return html`<form method="post" action="${token}/resend"><button>Send it again</button></form>`;
}
