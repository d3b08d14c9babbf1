import { readConfig } from '../../src/config/config.ts';
import type { OutageRules } from '../../src/core/signs.ts';
import { rulesOf } from '../../src/outage/settings.ts';

const NEEDED = {
  MAILGUN_API_KEY: 'key-3f1c',
  MAILGUN_DOMAIN: 'mg.example.com',
  MAILGUN_WEBHOOK_SIGNING_KEY: 'sign-77aa',
};

/** As they are shipped. */
export const RULES: OutageRules = rulesOf(readConfig(NEEDED, 'daemon'));
