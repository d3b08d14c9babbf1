// Every word that the pages say and that does not come from the model.
import { ALERTS } from '../texts/alerts.ts';
import { BULK } from '../texts/bulk.ts';
import { CAUSES } from '../texts/causes.ts';
import { DOCTOR } from '../texts/doctor.ts';
import { EVENTS } from '../texts/events.ts';
import { FRAME } from '../texts/frame.ts';
import { LOGIN } from '../texts/login.ts';
import { MAIL } from '../texts/mail.ts';
import { MESSAGES } from '../texts/messages.ts';
import { OUTAGES } from '../texts/outages.ts';
import { ATTENTION, OVERVIEW } from '../texts/overview.ts';
import { REPORT } from '../texts/report.ts';
import { REPUTATION } from '../texts/reputation.ts';
import { SEARCH } from '../texts/search.ts';
import { SETTINGS } from '../texts/settings.ts';
import { SUPPRESSIONS } from '../texts/suppressions.ts';
import { WEBHOOKS } from '../texts/webhooks.ts';

export const TEXTS = {
  ...FRAME,
  login: LOGIN,
  attention: ATTENTION,
  overview: OVERVIEW,
  outages: OUTAGES,
  alerts: ALERTS,
  messages: MESSAGES,
  mail: MAIL,
  search: SEARCH,
  bulk: BULK,
  settings: SETTINGS,
  doctor: DOCTOR,
  report: REPORT,
  reputation: REPUTATION,
  webhooks: WEBHOOKS,
  events: EVENTS,
  causes: CAUSES,
  suppressions: SUPPRESSIONS,
} as const;
