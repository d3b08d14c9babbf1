/** Characters of a line in a mail (RFC 5322, 2.1.1). The columns for a sender, a subject and a Message-Id hold as many. */
export const MAX_LINE = 998;

/** Mailgun takes no more recipients in one call. */
export const MAX_RECIPIENTS = 1000;

/** Characters of all that names recipients: a quarter of a kilobyte for each of them. Nobody's lists are longer. */
export const MAX_LISTS = 256 * MAX_RECIPIENTS;

/** Characters of a key: the longest utf8mb4 column that MySQL could index under its oldest limit of 767 bytes. */
export const MAX_KEY = 191;

/** Characters of the name of a provider: the columns for it hold as many. */
export const MAX_PROVIDER = 191;

/** Bytes that Mailgun allows for all parameters `o:`, `h:`, `v:` and `t:` together. */
export const MAX_OPTIONS = 16 * 1024;

/** Bytes that Mailgun allows for a message with all its files. */
export const MAX_MESSAGE = 25 * 1024 * 1024;

/** Bytes that are kept of a mail that came back: what a server has to say stands before the copy of the mail. */
export const MAX_RETURNED = 256 * 1024;

/** Return paths that one such mail may be for: each has one of its own, and each is read for itself. */
export const MAX_RETURN_PATHS = 10;

/** Bytes of a message in which its header is looked for. Real ones take a few kilobytes. */
export const MAX_HEADER = 256 * 1024;
