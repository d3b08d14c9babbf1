/** `access`: resets, links, codes, invitations; `notice`: receipts, billing, security; `bulk`: the rest. */
export const CLASSES = ['access', 'notice', 'bulk'] as const;

export type MessageClass = (typeof CLASSES)[number];

export const isClass = (name: string): name is MessageClass => (CLASSES as readonly string[]).includes(name);

/** The name of a class of the operator's own: `welcome`, `order-shipped`. */
export const CLASS_NAME = /^[a-z][a-z0-9-]{0,31}$/;

/** The class of a message whose sender names none. */
export const DEFAULT_CLASS: MessageClass = 'notice';
