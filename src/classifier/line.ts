import { safeJson } from '../core/safe-text.ts';
import { classify, type OwnRules } from './classify.ts';
import type { ReplyInput } from './engine/reply.ts';

/** Judges one reply on a line, plain text or JSON, and gives one line of JSON, also for a line that is neither. */
export function classifyLine(line: string, ownRules?: OwnRules): string {
  const { id, input } = readLine(line);
  const { cause, decision, confidence, evidence } = classify(input, ownRules);
  return safeJson({ ...(id === undefined ? {} : { id }), cause, decision, confidence, evidence });
}

type Line = { id?: unknown; input: ReplyInput };

function readLine(line: string): Line {
  const text = line.trim();
  if (!text.startsWith('{')) return { input: { message: text } };
  try {
    const given: unknown = JSON.parse(text);
    return isFields(given) ? readFields(given) : { input: { message: text } };
  } catch {
    // No JSON after all: some servers answer with a brace.
    return { input: { message: text } };
  }
}

type Fields = { [name: string]: unknown };
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The names of a labelled file, of our own, and of Mailgun's delivery-status. */
function readFields(given: Fields): Line {
  const input: ReplyInput = {
    code: codeIn(given['code']),
    enhancedCode: textIn(given['enhanced'] ?? given['enhancedCode'] ?? given['enhanced-code']),
    message: textIn(given['message']),
    description: textIn(given['description']),
    severity: textIn(given['severity']),
    reason: textIn(given['reason']),
    bounceType: textIn(given['bounceType'] ?? given['bounce-type']),
    mxHost: textIn(given['mxHost'] ?? given['mx-host']),
    recipientDomain: textIn(given['recipientDomain'] ?? given['recipient-domain']),
    recipientProvider: textIn(given['recipientProvider'] ?? given['recipient-provider']),
  };
  return given['id'] === undefined ? { input } : { id: given['id'], input };
}

const textIn = (value: unknown): string | null => (typeof value === 'string' ? value : null);
const codeIn = (value: unknown): number | string | null => (typeof value === 'number' ? value : textIn(value));
