import type { Config } from '../../config/config.ts';
import type { Ms } from '../../core/time.ts';
import { type Calling, call, NotTaken } from '../../tell/channels/call.ts';
import { parseSmsUrl } from '../../tell/channels/sms-url.ts';
import { heartbeatOf } from '../../tell/peers.ts';
import { type Finding, ok, problem } from './finding.ts';

/** A service that alerts are sent to, and what of it can be asked without sending one. */
type Service = {
  setting: string;
  name: string;
  ask: Calling /** Any answer shows that it is there. */;
  anyAnswer: boolean;
};

/** Whether the services are there that alerts are sent to. Nothing is sent; whether they take our keys only a test shows. */
export async function checkChannels(config: Config, timeout: Ms): Promise<Finding[]> {
  return Promise.all(servicesOf(config).map((service) => checkService(service, timeout)));
}

function servicesOf(config: Config): Service[] {
  const { ALERT_SLACK_URL: slack, ALERT_WEBHOOK_URL: webhook, ALERT_PAGERDUTY_KEY: key, ALERT_SMS_URL: sms } = config;
  const at = (setting: string, name: string, url: string): Service => ({
    ...{ setting, name: `${name} (${new URL(url).host})`, anyAnswer: true },
    // The path may be a secret, and asking for it may be a message.
    ask: { url: new URL('/', url), method: 'GET' },
  });
  return [
    ...(slack === undefined ? [] : [at('ALERT_SLACK_URL', 'Slack', slack)]),
    ...(webhook === undefined ? [] : [at('ALERT_WEBHOOK_URL', 'the webhook', webhook)]),
    ...(key === undefined ? [] : [at('ALERT_PAGERDUTY_URL', 'PagerDuty', config.ALERT_PAGERDUTY_URL)]),
    ...(sms === undefined ? [] : [at('ALERT_SMS_URL', 'SMS', apiOf(sms))]),
    ...config.ALERT_ALERTMANAGER_URL.map((url) => ({
      ...at('ALERT_ALERTMANAGER_URL', 'Alertmanager', url),
      ask: { url: `${url.replace(/\/+$/, '')}/-/ready`, method: 'GET' as const },
      anyAnswer: false,
    })),
  ];
}

function apiOf(url: string): string {
  const target = parseSmsUrl(url);
  return target.kind === 'twilio' ? target.apiUrl : target.url;
}

async function checkService({ setting, name, ask, anyAnswer }: Service, timeout: Ms): Promise<Finding> {
  const trouble = await troubleWith(ask, { anyAnswer, timeout });
  if (trouble === null)
    return ok('alert channels', `${name} is there; "homing alerts send-test" shows whether it takes alerts`);
  return problem('alert channels', `${name}: ${trouble}`, `check ${setting}, and that it is up`);
}

async function troubleWith(
  ask: Calling,
  { anyAnswer, timeout }: { anyAnswer: boolean; timeout: Ms },
): Promise<string | null> {
  try {
    await call({ ...ask, patience: timeout });
    return null;
  } catch (error) {
    if (!(error instanceof NotTaken)) throw error;
    return anyAnswer && error.status !== null ? null : error.message;
  }
}

/** The service and the daemons that watch this one. A ping would tell that a run was well, so none is sent. */
export async function checkHeartbeat(config: Config, timeout: Ms): Promise<Finding[]> {
  const { HEARTBEAT_URL: url, HEARTBEAT_PEER: peers } = config;
  const asked = async (setting: string, name: string, ask: Calling, anyAnswer: boolean): Promise<Finding> => {
    const trouble = await troubleWith(ask, { anyAnswer, timeout });
    const place = `${name} (${new URL(ask.url).host})`;
    if (trouble !== null) return problem('heartbeat', `${place}: ${trouble}`, `check ${setting}, and that it is up`);
    return ok('heartbeat', anyAnswer ? `${place} is there` : `${place} is well`);
  };
  const sayings: Calling['sayings'] = ({ problem: said }) => [said];
  return Promise.all([
    ...(url === undefined
      ? []
      : [asked('HEARTBEAT_URL', 'the service', { url: new URL('/', url), method: 'GET' }, true)]),
    ...peers.map((peer) =>
      asked('HEARTBEAT_PEER', 'the daemon', { url: heartbeatOf(peer), method: 'GET', sayings }, false),
    ),
  ]);
}
