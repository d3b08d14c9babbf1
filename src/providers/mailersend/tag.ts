/**
 * Our own id of a message is a tag of its mail, and all events of a mail carry its tags: so they are recognised even where
 * the answer with MailerSend's id was lost.
 */
const BEGINS = 'homing-';

export const tagOf = (messageId: string): string => BEGINS + messageId;

/** Our own id among the tags of an event. */
export const ownIdIn = (tags: readonly string[]): string | null =>
  tags.find((tag) => tag.startsWith(BEGINS))?.slice(BEGINS.length) || null;
