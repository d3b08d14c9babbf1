/** Everything that is known of a failure; all of it optional, none of it trusted. */
export type ReplyInput = {
  code?: number | string | null | undefined;
  enhancedCode?: string | null | undefined;
  message?: string | null | undefined;
  description?: string | null | undefined;
  severity?: string | null | undefined;
  reason?: string | null | undefined;
  bounceType?: string | null | undefined;
  mxHost?: string | null | undefined;
  recipientDomain?: string | null | undefined;
  recipientProvider?: string | null | undefined;
};

/** A reply made ready for the rules. */
export type Reply = {
  code: number | null;
  enhanced: string | null;
  /** Lower case, no accents, unwrapped, single spaces; addresses read `<a>`, IP addresses `<ip>`. */
  text: string;
  temporary: boolean;
  reason: string;
  /** MX and provider, lower case. */
  provider: string;
  domain: string;
};

const HEAD = 3_072;
const TAIL = 1_024;

/** What decides stands at the beginning of a reply, or, after a forwarder's preamble, at its end. */
export function cut(text: string): string {
  return text.length <= HEAD + TAIL ? text : `${text.slice(0, HEAD)} ${text.slice(-TAIL)}`;
}

export function readReply(input: ReplyInput): Reply {
  const given = given_(input);
  const raw = rawText(input);
  const flat = flatten(raw);
  const masked = mask(flat);
  const code = codeOf(given.code) ?? codeOf(leadingCode(masked));
  const enhanced = enhancedOf(given, masked);
  const severity = lower(input.severity);
  return {
    code,
    enhanced,
    text: unwrap(masked),
    temporary: isTemporary(code, enhanced, severity),
    reason: lower(input.reason),
    provider: `${lower(input.mxHost)} ${lower(input.recipientProvider)}`.trim(),
    domain: lower(input.recipientDomain),
  };
}
