/** `access`: resets, links, codes, invitations; `notice`: receipts, billing, security; `bulk`: the rest. */
export const CLASSES = ['access', 'notice', 'bulk'] as const;

export type MessageClass = (typeof CLASSES)[number];

/** The class of a message whose sender names none. */
export const DEFAULT_CLASS: MessageClass = 'notice';
