import { ROLES, type Role } from '../core/roles.ts';
import { choice, length, listOf } from './kinds.ts';
import { room } from './setting.ts';

const roles = listOf(
  (part) => (ROLES.includes(part as Role) ? (part as Role) : null),
  `must be a comma list of ${ROLES.join(', ')}`,
).refine((all) => all.length > 0, 'must name a role');

/** What every room goes by. */
export const COMMON = room({
  title: 'Log and pace',
  settings: {
    LOG_LEVEL: {
      kind: choice('trace', 'debug', 'info', 'warn', 'error', 'silent'),
      default: 'info',
      level: 'rarely',
      says: 'trace, debug, info, warn, error or silent.',
    },
    LOG_FORMAT: {
      kind: choice('json', 'pretty'),
      default: 'json',
      level: 'rarely',
      says: 'json, or pretty for people.',
    },
    HOMING_ROLES: {
      kind: roles,
      default: ROLES.join(),
      level: 'rarely',
      says: 'What this daemon does, where several on one database divide the work: web answers requests, digest reads what came in, dispatch hands mail over and watches the providers, reconcile asks the providers and clears up, tell sends alerts, the report and events. Each is needed somewhere.',
    },
    LEASE: {
      kind: length,
      default: '60s',
      level: 'rarely',
      says: 'A hand-over without a result counts as unanswered after this long.',
    },
    DUE_POLL: {
      kind: length,
      default: '1s',
      level: 'rarely',
      says: 'How often the database is looked at for what is due.',
    },
    RETRY_PAUSE: {
      kind: length,
      follows: (unit) => unit / 2,
      level: 'rarely',
      says: 'The shortest wait before a busy or silent provider is tried or asked again; when not set, half a RETRY_UNIT (of at most 1m).',
    },
  },
});
