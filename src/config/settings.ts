import type { Settings } from '../core/settings.ts';
import { policySettings } from '../intake/settings.ts';
import { readClasses } from './classes-file.ts';
import type { Config } from './config.ts';

/** The part of the configuration that the steps work by. */
export function settingsOf(c: Config): Settings {
  return {
    policies: { ...policySettings(c), classes: readClasses(c.HOMING_CLASSES).classes },
    rules: { codes: c.RETRY_CODES, decisions: c.RETRY_DECISIONS },
    schedule: c.RETRY_SCHEDULE,
    eventsSettle: c.EVENTS_SETTLE,
    askPatience: c.ASK_PATIENCE,
    pause: c.RETRY_PAUSE,
    lease: c.LEASE,
    adopt: c.ADOPT_UNKNOWN,
    adoptAfter: c.ADOPT_AFTER,
    unsuppressMaxPerDay: c.UNSUPPRESS_MAX_PER_DAY,
    faultHold: c.FIX_SENDER_HOLD,
    outageWindow: c.OUTAGE_WINDOW,
    outagePatience: c.OUTAGE_PATIENCE,
    preference: {
      mode: c.SECONDARY_MODE,
      weights: new Map(c.SECONDARY_WEIGHTS),
      shares: new Map(c.PROVIDER_SHARE),
    },
    rates: c.SEND_RATES,
    drainRate: c.DRAIN_RATE,
    hopelessAfter: c.RETRY_HOPELESS_AFTER,
    resendCooldown: c.RESEND_COOLDOWN,
  };
}
