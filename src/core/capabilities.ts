/** What a provider can do. Decisions are made by this, and never by a provider's name. */
export type Capabilities = {
  /** It tells later what became of a mail, its arrival too: so its silence means something. */
  track: boolean;
  /** It can be asked what it knows of a mail. */
  lookUp: boolean;
  /** It keeps a copy of what it took, which can be sent again or fetched. */
  storeCopy: boolean;
  /** It takes mail before the time at which that is to go out. */
  schedule: boolean;
  /** It takes a message as the form that an application handed over. Others take MIME alone. */
  forms: boolean;
};

/** A provider that mail may be handed to. */
export type Candidate = { name: string; can: Capabilities };
