import { count, duration, isGuessable, secrets, text, webUrl } from '../base/kinds.ts';
import { room } from '../base/setting.ts';
import { certificateProblem } from './certificate.ts';

/** Paths of ours are added to it. */
const baseUrl = webUrl
  .refine((url) => !/[?#]/.test(url), 'must be a plain URL, without ? and #')
  .refine((url) => !/\/webhooks\/[^/]*\/?$/.test(url), 'must not name a path of the daemon: leave the /webhooks/… off');

export const HTTP = room({
  title: 'HTTP',
  settings: {
    HOST: { kind: text, default: '0.0.0.0', level: 'rarely', says: 'Address to listen on.' },
    PORT: { kind: count(0, 65535), default: '8080', level: 'usual', says: 'Port to listen on.' },
    PUBLIC_URL: {
      kind: baseUrl,
      level: 'usual',
      says: 'Where Mailgun and people reach this daemon, such as https://homing.example.com.',
      unset: '"homing doctor" can neither check nor register the webhooks',
    },
    TLS_CERT: {
      kind: text,
      level: 'rarely',
      says: 'A file with the certificate for HTTPS and those of its authorities, as PEM. With it and TLS_KEY all that is served goes over HTTPS, without a proxy; a renewed file is taken up within a minute.',
    },
    TLS_KEY: { kind: text, level: 'rarely', says: 'The file with the private key of TLS_CERT, as PEM.' },
    HTTP_MEMORY: {
      kind: count(16, 100_000),
      default: '64',
      level: 'rarely',
      says: 'Megabytes that bodies of requests may take at once. Beyond it senders wait, or are answered 503. A process needs up to eight times as much in all.',
    },
    HTTP_CONNECTIONS: {
      kind: count(10, 100_000),
      default: '2000',
      level: 'rarely',
      says: 'Connections that may be open at once, half of them of one address. Beyond it the ones that have been waited for the longest are closed.',
    },
    STOP_AFTER: {
      kind: duration,
      default: '0s',
      level: 'rarely',
      says: 'How long a daemon that is told to stop still takes requests, while it answers at /readyz that it is not ready: behind a load balancer a little more than it needs to notice.',
    },
    API_TOKENS: {
      kind: secrets,
      default: '',
      level: 'usual',
      says: 'Comma list of tokens for the API and for intake.',
      unset: 'the API and the intake answer 401 to everybody',
    },
  },
  problems({ TLS_CERT: cert, TLS_KEY: key }) {
    if (cert === undefined && key === undefined) return [];
    if (cert === undefined || key === undefined) return ['TLS_CERT and TLS_KEY are needed together'];
    const problem = certificateProblem({ cert, key });
    return problem === null ? [] : [problem];
  },
  doubts: ({ API_TOKENS }) =>
    API_TOKENS.some((token) => isGuessable(token, SHORTEST))
      ? [`API_TOKENS has one that can be guessed: use ${SHORTEST} random characters or more (openssl rand -hex 16)`]
      : [],
});

const SHORTEST = 16;
