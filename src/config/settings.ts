import type { Settings } from '../core/settings.ts';
import type { Config } from './config.ts';

/** The part of the configuration that the steps work by. */
export function settingsOf(c: Config): Settings {
  return {
    policies: {
      base: c.RETRY_BASE,
      unit: c.RETRY_UNIT,
      spread: c.RETRY_SPREAD,
      maxAttempts: c.RETRY_MAX_ATTEMPTS,
      usefulLife: { access: c.ACCESS_LIFE, notice: c.NOTICE_LIFE, bulk: c.BULK_LIFE },
      accessWaits: c.ACCESS_WAITS,
      accessAttempts: c.ACCESS_ATTEMPTS,
      accessFallbackAfter: c.ACCESS_FALLBACK_AFTER,
      bulkFallback: c.BULK_FALLBACK === 'yes',
      silenceAfter: c.SILENCE_AFTER,
    },
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
    hopelessAfter: c.RETRY_HOPELESS_AFTER,
  };
}
