import { brokerTrouble } from '../base/broker.ts';
import { type Config, ConfigError } from '../config/config.ts';
import { settingsOf } from '../config/settings.ts';
import { createTakeIn } from '../intake/take-in.ts';
import { domainsIn } from '../providers/mailgun/settings.ts';
import { takesWrites } from '../store/db/health.ts';
import type { Face } from './face.ts';

/** Throws `ConfigError` when a broker is named and what it takes to speak to it is not installed. */
export async function checkBrokerPackage({ INTAKE_URL, EVENTS_URL }: Config): Promise<void> {
  if (INTAKE_URL === undefined && EVENTS_URL === undefined) return;
  const trouble = await brokerTrouble();
  const setting = INTAKE_URL === undefined ? 'EVENTS_URL' : 'INTAKE_URL';
  if (trouble !== null) throw new ConfigError([`${setting} names a broker, and ${trouble}`]);
}

/** Takes mail from a broker, where one is set for that, until the daemon stops. It may be away: then it is tried again. */
export async function takeMailFromBroker(face: Face): Promise<void> {
  const { config, store, wake, onBrokered = () => {}, now, signal, log } = face;
  const { INTAKE_URL: url, INTAKE_QUEUE: queue, INTAKE_PREFETCH: prefetch, HOMING_ROLES: roles } = config;
  if (url === undefined || !roles.includes('web')) return;
  const { takeFromBroker } = await import('../intake/from-broker.ts');
  const takeIn = createTakeIn({
    ...{ store, settings: settingsOf(config), encryptionKey: config.ENCRYPTION_KEY[0] ?? null },
    domains: domainsIn(config),
  });
  const onQueued = () => wake('dispatch');
  const isReady = () => takesWrites(store);
  const how = { url, queue, prefetch, takeIn, isReady, onQueued, onOutcome: onBrokered };
  await takeFromBroker({ ...how, now, signal, log });
}
