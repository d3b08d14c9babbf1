import type { Refusal } from '../../core/answer.ts';
import { refusalOf } from '../../mail/refusal.ts';
import { saidIn } from './answers.ts';
import type { PortReply } from './port.ts';

/** Mailgun answered a question with something other than an answer. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly status: number;
  readonly why: Refusal | null;
  constructor(question: string, reply: PortReply) {
    super(`Mailgun did not answer for ${question}: ${reply.status}: ${saidIn(reply.body)}`);
    this.status = reply.status;
    this.why = refusalOf(reply.status, saidIn(reply.body), 'send');
  }
}

/** The body of a 200. Everything else is no answer to the question. */
export function answered(question: string, reply: PortReply): unknown {
  if (reply.status !== 200) throw new ApiRefusal(question, reply);
  return reply.body;
}

/** Whether a 404 is about the domain (or its region), and not about what was asked for. */
export const isUnknownDomain = ({ status, body }: PortReply): boolean =>
  status === 404 && /domain not found/i.test(saidIn(body));
