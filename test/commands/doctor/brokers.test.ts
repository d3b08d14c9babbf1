import assert from 'node:assert/strict';
import { checkBrokers } from '../../../src/commands/doctor/brokers.ts';
import { readConfig } from '../../../src/config/config.ts';
import { MINUTE } from '../../../src/core/time.ts';
import { channelTo, withBroker } from '../../support/broker.ts';

withBroker('a queue that is missing is told from one that may not be looked at', async (t, broker) => {
  const env = { INTAKE_URL: broker.url, INTAKE_QUEUE: 'doctor.intake', EVENTS_URL: broker.url };
  const look = async () => {
    const findings = await checkBrokers(readConfig(env, 'database'), MINUTE);
    return findings.map(({ says }) => says).join('; ');
  };
  assert.match(await look(), /no queue doctor.intake yet; .*no exchange homing.events yet/);
  const channel = await channelTo(t, broker);
  await channel.assertQueue('doctor.intake', { exclusive: true });
  assert.match(await look(), /INTAKE_URL: .*RESOURCE_LOCKED/);
});
