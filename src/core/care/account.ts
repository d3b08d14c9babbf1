import type { Ms } from '../time.ts';

/** An IP address of the account; null where the provider does not say. */
export type AccountAddress = { ip: string; dedicated: boolean | null; warmingUp: boolean | null };

/** Addresses that mail leaves from in turn. */
export type Pool = { id: string; name: string; ips: readonly string[] };

/** A new address that a provider gives more mail from stage to stage. */
export type Warmup = {
  ip: string;
  stage: number;
  stages: number | null;
  /** How much mail belongs to the stage. */
  stageLimit: number | null;
  hourlyLimit: number | null;
  /** From 0 to 1. */
  sentInStage: number | null;
  stageSince: Ms | null;
  since: Ms | null;
};

/** A threshold that is watched at the provider, and whether it is crossed now. */
export type Threshold = {
  name: string;
  metric: string;
  comparator: string;
  limit: string;
  period: string | null;
  channels: readonly string[];
  triggered: boolean;
  latest: string | null;
};

/** How the provider counts what servers refused, by who runs the mailbox or the list that they go by. */
export type Classified = {
  entity: string;
  delivered: number;
  criticalBounces: number;
  otherBounces: number;
  criticalDelays: number;
  otherDelays: number;
};

/** What could be read of an account; what could not has the reason in place of it. */
export type Read<T> = { ok: true; value: T } | { ok: false; why: string };

/** What Mailgun says of the account; each part may be what the key can't read. */
export type Account = {
  addresses: Read<readonly AccountAddress[]>;
  pools: Read<readonly Pool[]>;
  warmups: Read<readonly Warmup[]>;
  thresholds: Read<readonly Threshold[]>;
  classified: Read<readonly Classified[]>;
};
