import { BACKUP } from '../backup/settings.ts';
import type { Values } from '../base/setting.ts';
import { COMMON } from '../base/settings.ts';
import { BOUNCES } from '../bounces/settings.ts';
import { CARE } from '../care/settings.ts';
import { DASHBOARD } from '../dashboard/desk/settings.ts';
import { DISPATCH } from '../dispatch/settings.ts';
import { DRILL } from '../drill/settings.ts';
import { EVENTS } from '../events/settings.ts';
import { HTTP } from '../http/settings.ts';
import { INBOX } from '../inbox/settings.ts';
import { INTAKE } from '../intake/settings.ts';
import { METERING } from '../metrics/settings.ts';
import { OPERATE } from '../operate/settings.ts';
import { OUTAGE } from '../outage/settings.ts';
import { MAILGUN } from '../providers/mailgun/settings.ts';
import { SECONDARIES } from '../providers/registry/settings.ts';
import { SMTP } from '../providers/smtp/settings.ts';
import { RECONCILE } from '../reconcile/settings.ts';
import { DATABASE } from '../store/db/settings.ts';
import { TELL } from '../tell/settings.ts';
import { ALERT_RULES_FILE } from './alert-rules-file.ts';
import { CLASSES_FILE } from './classes-file.ts';
import { RULES } from './rules-file.ts';

/** Every room that has settings, in the order in which the documentation tells of them. */
export const ROOMS = [
  MAILGUN,
  SMTP,
  SECONDARIES,
  BOUNCES,
  DATABASE,
  BACKUP,
  HTTP,
  METERING,
  DASHBOARD,
  TELL,
  EVENTS,
  ALERT_RULES_FILE,
  INTAKE,
  DISPATCH,
  OUTAGE,
  DRILL,
  CARE,
  RECONCILE,
  INBOX,
  RULES,
  CLASSES_FILE,
  OPERATE,
  COMMON,
] as const;

type Together<Each> = (Each extends unknown ? (each: Each) => void : never) extends (all: infer All) => void
  ? All
  : never;

type Declared = Together<(typeof ROOMS)[number]['settings']>;

/** The value of every setting, by the name of its environment variable. */
export type Config = Values<Declared>;
