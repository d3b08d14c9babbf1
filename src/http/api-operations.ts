// Every route of the API that programs call, with the schemas that check what they send.
import { z } from 'zod';
import { CLASSES } from '../core/message-class.ts';
import { toldWith } from '../intake/told-message.ts';
import { CANCEL, KEY, REOPEN, RESEND, SEARCH } from './api.ts';
import * as A from './api-answers.ts';
import { SEARCH as EVENT_SEARCH, REPLAY } from './events.ts';
import { WISH } from './holds.ts';
import { SEARCH as INCIDENT_SEARCH, TAKING } from './incidents.ts';
import { SEARCH as OUTAGE_SEARCH } from './outages.ts';
import { EXPORT, SEARCH as SUPPORT_SEARCH } from './support.ts';
import { SEARCH as SUPPRESSION_SEARCH } from './suppressions.ts';

export type Operation = {
  method: 'get' | 'post' | 'delete';
  /** As the router has it. */
  path: string;
  /** Unique, for generated clients. */
  id: string;
  does: string;
  /** Who may: a token as bearer, a token as the password of Basic, or everybody. */
  auth: 'bearer' | 'basic' | 'none';
  query?: z.ZodObject;
  body?: z.ZodType;
  /** The body is a form, as Mailgun takes it, and no JSON. */
  isForm?: boolean;
  /** By their status; null stands for what is no JSON. */
  answers: Readonly<Record<number, z.ZodType | null>>;
};

const told = toldWith(CLASSES);

/** What Mailgun takes, as far as it is read here; any other field goes on to Mailgun as it is. */
const mail = z.looseObject({
  from: z.string(),
  to: z.union([z.string(), z.array(z.string())]),
  cc: z.union([z.string(), z.array(z.string())]).optional(),
  bcc: z.union([z.string(), z.array(z.string())]).optional(),
  subject: z.string().optional(),
  text: z.string().optional(),
  html: z.string().optional(),
  template: z.string().optional(),
  'o:tag': z.union([z.string(), z.array(z.string())]).optional(),
  'o:deliverytime': z.string().optional(),
  'v:homing-class': z.string().optional().meta({ description: 'access, notice, bulk, or a class of the operator' }),
  'v:homing-key': z.string().optional().meta({ description: 'a newer mail with the same key ends an older one' }),
  'v:homing-expires': z.string().optional().meta({ description: 'a time, or a length such as 10m' }),
});
const mime = z.looseObject({
  to: mail.shape.to,
  message: z.string().meta({ description: 'the ready message, as a file' }),
});

const intake = { method: 'post', auth: 'basic', isForm: true, answers: { 200: A.Queued } } as const;
const read = { method: 'get', auth: 'bearer' } as const;
const act = { method: 'post', auth: 'bearer' } as const;
const open = { method: 'get', auth: 'none' } as const;

export const OPERATIONS: readonly Operation[] = [
  {
    ...intake,
    path: '/v3/:domain/messages',
    id: 'sendMessage',
    does: 'Takes a mail to be sent, as Mailgun does.',
    body: mail,
  },
  {
    ...intake,
    path: '/v3/:domain/messages.mime',
    id: 'sendMime',
    does: 'Takes a ready message to be sent, as Mailgun does.',
    body: mime,
  },
  {
    ...act,
    path: '/api/messages',
    id: 'recordMessages',
    does: 'Records a mail that the application sends itself, or a list of them.',
    body: z.union([told, z.array(told).min(1).max(100)]),
    answers: { 200: z.union([A.Recorded, A.Results]), 201: A.Recorded },
  },
  {
    ...read,
    path: '/api/messages',
    id: 'searchMessages',
    does: 'Searches, newest first.',
    query: SEARCH,
    answers: { 200: A.Search },
  },
  {
    ...read,
    path: '/api/messages/:id',
    id: 'readMessage',
    does: 'One message, by its id, that of a delivery, or its Message-Id.',
    answers: { 200: A.Message },
  },
  {
    ...act,
    path: '/api/messages/:id/cancel',
    id: 'cancelMessage',
    does: 'Ends what is open of it.',
    body: CANCEL,
    answers: { 200: A.Cancelled },
  },
  {
    ...act,
    path: '/api/messages/cancel',
    id: 'cancelByKey',
    does: 'Ends what is open of all with a key.',
    body: KEY,
    answers: { 200: A.Cancelled },
  },
  {
    ...act,
    path: '/api/messages/:id/retry',
    id: 'retryMessage',
    does: 'Opens what ended without arriving.',
    body: REOPEN,
    answers: { 200: A.Reopened },
  },
  {
    ...act,
    path: '/api/messages/:id/resend',
    id: 'resendMessage',
    does: 'Sends it again, for the person who waits.',
    body: RESEND,
    answers: { 200: A.Resent },
  },
  {
    ...act,
    path: '/api/messages/may-resend',
    id: 'mayResend',
    does: 'Whether a mail with a key may be sent anew.',
    body: KEY,
    answers: { 200: A.MayResend },
  },
  {
    ...read,
    path: '/api/support',
    id: 'support',
    does: 'Where the mail to a person is, in words.',
    query: SUPPORT_SEARCH,
    answers: { 200: A.Support },
  },
  {
    ...read,
    path: '/api/support/export',
    id: 'exportPerson',
    does: 'All that is kept of a person, as a file.',
    query: EXPORT,
    answers: { 200: null },
  },
  { ...read, path: '/api/queue', id: 'readQueue', does: 'What waits to be sent, by class.', answers: { 200: A.Queue } },
  {
    ...read,
    path: '/api/providers',
    id: 'readProviders',
    does: 'How each provider is.',
    answers: { 200: A.Providers },
  },
  {
    ...read,
    path: '/api/outages',
    id: 'listOutages',
    does: 'When providers were down.',
    query: OUTAGE_SEARCH,
    answers: { 200: A.Outages },
  },
  { ...read, path: '/api/outages/:id', id: 'readOutage', does: 'One outage.', answers: { 200: A.Outage } },
  {
    ...read,
    path: '/api/incidents',
    id: 'listIncidents',
    does: 'What administrators are told of.',
    query: INCIDENT_SEARCH,
    answers: { 200: A.Incidents },
  },
  {
    ...act,
    path: '/api/incidents/:id/acknowledge',
    id: 'acknowledgeIncident',
    does: 'Takes an incident, so that nobody else is called.',
    body: TAKING,
    answers: { 200: A.Taken },
  },
  { ...read, path: '/api/holds', id: 'listHolds', does: 'What keeps mail from leaving.', answers: { 200: A.Holds } },
  { ...act, path: '/api/holds', id: 'addHold', does: 'Keeps mail from leaving.', body: WISH, answers: { 201: A.Hold } },
  {
    method: 'delete',
    auth: 'bearer',
    path: '/api/holds/:id',
    id: 'releaseHold',
    does: 'Lets it leave again.',
    answers: { 200: A.Released },
  },
  {
    ...read,
    path: '/api/events',
    id: 'listEvents',
    does: 'What has become of mail, as applications are told, oldest first.',
    query: EVENT_SEARCH,
    answers: { 200: A.Events },
  },
  {
    ...read,
    path: '/api/events/endpoints',
    id: 'listEndpoints',
    does: 'How it goes with telling them.',
    answers: { 200: A.Endpoints },
  },
  {
    ...act,
    path: '/api/events/endpoints/:number/enable',
    id: 'enableEndpoint',
    does: 'Posts to an endpoint again that was disabled.',
    answers: { 200: A.Enabled },
  },
  {
    ...act,
    path: '/api/events/replay',
    id: 'replayEvents',
    does: 'Posts events once more.',
    body: REPLAY,
    answers: { 200: A.Replayed },
  },
  {
    ...read,
    path: '/api/suppressions',
    id: 'listSuppressions',
    does: 'Addresses that nothing is sent to.',
    query: SUPPRESSION_SEARCH,
    answers: { 200: A.Suppressions },
  },
  {
    method: 'delete',
    auth: 'bearer',
    path: '/api/suppressions/:address',
    id: 'removeSuppression',
    does: 'Takes an address off our list.',
    answers: { 200: A.Removed },
  },
  {
    ...open,
    path: '/api/status',
    id: 'readStatus',
    does: 'Whether mail is on time, for everybody.',
    answers: { 200: A.Status },
  },
  {
    ...open,
    path: '/status/:token',
    id: 'readWaiting',
    does: 'One message, for the person who waits for it.',
    answers: { 200: A.Waits },
  },
  {
    ...open,
    method: 'post',
    path: '/status/:token/resend',
    id: 'resendWaiting',
    does: 'Sends it again, for the person who waits for it.',
    answers: { 200: A.Resent },
  },
  { ...open, path: '/healthz', id: 'alive', does: 'Whether the process answers.', answers: { 200: A.Alive } },
  { ...open, path: '/readyz', id: 'ready', does: 'Whether it can work.', answers: { 200: A.Ready, 503: A.Ready } },
  {
    ...open,
    path: '/heartbeat',
    id: 'atWork',
    does: 'Whether its reconciler runs.',
    answers: { 200: A.AtWork, 503: A.AtWork },
  },
];
