/** What `GET /api/status` says of one kind of mail. */
export type Told = { state: string; upToSeconds: number | null; sentence: string };
export type Status = { sentence: string; classes: Record<string, Told> };

/** What `GET /status/:token` answers, and `POST /status/:token/resend`. */
export type Message = {
  state: string;
  stage: string;
  sentence: string;
  nextStep: string;
  resendAvailableAt: string | null;
};
export type Resent = { result: string; sentence: string; resendAvailableAt: string | null };

/** What a file of texts holds. What is missing in it is shown in English. */
export type Texts = {
  /** By the state of a kind of mail; `{mail}` and `{time}` are put in. */
  banner?: Record<string, string>;
  /** What the kinds of mail are called; `all` when all are concerned. */
  mail?: Record<string, string>;
  /** By the stage of a message: how it stands, and what to do now. */
  message?: Record<string, readonly [string, string]>;
  /** By what asking again came to. */
  resend?: Record<string, string>;
  /** On the button. */
  again?: string;
  /** Beside it, while it can't be pressed yet; `{time}` is put in. */
  wait?: string;
  /** When pressing it had no effect. */
  trouble?: string;
};
