import { isGuessable, secrets } from '../base/kinds.ts';
import { room } from '../base/setting.ts';

export const METERING = room({
  title: 'Metrics',
  settings: {
    METRICS_TOKEN: {
      kind: secrets,
      default: '',
      level: 'usual',
      says: 'A token with which Prometheus reads `GET /metrics`, as bearer; several in a comma list while it is being changed. Without one metrics are read on the machine itself alone.',
    },
  },
  doubts: ({ METRICS_TOKEN }) =>
    METRICS_TOKEN.some((token) => isGuessable(token, SHORTEST))
      ? [`METRICS_TOKEN can be guessed: use ${SHORTEST} random characters or more (openssl rand -hex 16)`]
      : [],
});

const SHORTEST = 16;
