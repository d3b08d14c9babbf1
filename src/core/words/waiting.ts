// What the person who waits for a mail is told of it: no address, no provider, no cause.
import type { ResendResult } from '../resend.ts';
import type { Stage } from '../waiting.ts';

type Told = { sentence: string; nextStep: string };

/** How a message stands, and what to do now. */
export const WAITING: Readonly<Record<Stage, Told>> = {
  accepted: {
    sentence: 'Your email is on its way.',
    nextStep: 'Wait a minute. Then look in your inbox and in your spam folder.',
  },
  delayed: {
    sentence: 'Your email is delayed. We keep trying to send it.',
    nextStep: 'Please wait. This page shows when it has been sent.',
  },
  sent: {
    sentence: 'Your email was sent. It should be there soon.',
    nextStep: 'Look in your inbox and in your spam folder. If it is not there, have it sent again.',
  },
  delivered: {
    sentence: 'Your email has arrived at your mail provider.',
    nextStep: 'Look in your inbox and in your spam folder.',
  },
  failed: {
    sentence: 'Your email could not be sent to you.',
    nextStep: 'Check that you gave the right address. Then ask for a new email where you asked for this one.',
  },
  replaced: {
    sentence: 'A newer email has taken the place of this one.',
    nextStep: 'Use the newest email that you got.',
  },
  stopped: {
    sentence: 'This email is not needed any more.',
    nextStep: 'There is nothing left to do. If you still need it, ask for a new one.',
  },
};

/** What asking for it again came to. */
export const RESEND: Readonly<Record<ResendResult, string>> = {
  resent: 'We are sending your email again.',
  waiting: 'Your email is on its way. Please wait before you ask again.',
  already_delivered: 'Your email has arrived at your mail provider. Look in your spam folder too.',
  cancelled: 'This email is not needed any more, or a newer one has taken its place.',
  not_possible: 'We can not send this email again. Please ask for a new one where you asked for this one.',
};
