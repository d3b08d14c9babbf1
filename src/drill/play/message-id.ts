/** Without its brackets. */
export const canonicalId = (text: string): string => text.trim().replace(/^<|>$/g, '');

/** The Message-ID of a mail as it went over the wire. */
export const messageIdIn = (raw: string): string =>
  canonicalId(/^message-id:[ \t]*(?:\r?\n[ \t]+)?(\S+)/im.exec(raw.split(/\r?\n\r?\n/, 1)[0] ?? '')?.[1] ?? '');
