import { sha256, timeOf } from '../../base/ids.ts';
import type { Bounce, HandedOver, Report, Sighting } from '../../core/sighting.ts';
import { ACTIONS, type Action, type DeliveryStatus, type RecipientStatus } from '../../mail/delivery-status.ts';
import type { WrittenField } from '../../mail/read-mime.ts';
import { firstOf } from '../../mail/read-mime.ts';
import type { Returned } from '../../mail/returned.ts';
import { addressNamed, enhancedCodeOf, momentOf, words } from '../common/fields.ts';
import { envelopeIdOf } from './return-path.ts';

/**
 * What the actions of a report mean (RFC 3464, 2.3.3). A mail that was relayed went on to a server that reports no arrival,
 * so it is no more than taken.
 */
const REPORTS: Record<Action, Report> = {
  delivered: 'delivered',
  expanded: 'expanded',
  relayed: 'accepted',
  failed: 'failed',
  delayed: 'deferred',
};

/** Characters of what a server said that are kept. */
const MAX_SAID = 4000;
const MAX_HOST = 255;

type Told = { report: Report; event: string; recipient: string | null; bounce: Bounce | null };

/**
 * What a mail to the return path of a hand-over tells. One hand-over has one event of each kind, however often it is told
 * of it: whoever knows its return path can't fill the history of a delivery.
 */
export function sightingOf(handed: HandedOver, fields: readonly WrittenField[], returned: Returned): Sighting {
  const { report, event, recipient, bounce } = toldBy(returned, handed);
  return {
    report,
    event,
    // Nothing comes back before it was sent, whatever the clock of a server says.
    at: Math.max(timeOf(handed.deliveryId), momentOf(firstOf(fields, 'date')) ?? 0),
    eventKey: sha256(JSON.stringify(['returned', envelopeIdOf(handed), report])),
    domain: null,
    recipient: addressNamed(recipient),
    list: null,
    inbound: false,
    messageId: null,
    homingId: null,
    handedOver: handed,
    homingClass: null,
    homingKey: null,
    storage: null,
    from: null,
    subject: null,
    tags: [],
    template: null,
    sendingIp: null,
    recipientProvider: null,
    bounce,
  };
}

const NOTHING: Told = { report: 'other', event: 'other', recipient: null, bounce: null };

function toldBy(returned: Returned, handed: HandedOver): Told {
  switch (returned.kind) {
    case 'status':
      return isOfAnother(returned.status, handed) ? NOTHING : toldByStatus(returned.status, returned.text);
    case 'bounce': {
      const { isDelay, recipient, text } = returned;
      const bounce = bounceOf({ said: text, status: null, remoteMta: null, isFinal: !isDelay });
      return { report: isDelay ? 'deferred' : 'failed', event: isDelay ? 'delayed' : 'bounced', recipient, bounce };
    }
    case 'complaint':
      return { ...NOTHING, report: 'complained', event: 'complained' };
    case 'other':
      return NOTHING;
  }
}

const OURS = /^[0-9a-hjkmnp-tv-z]{26}-\d{1,5}$/i;

/** Whether it names another hand-over of ours: it was sent to this return path by somebody who had it. */
const isOfAnother = ({ envelopeId }: DeliveryStatus, handed: HandedOver): boolean =>
  envelopeId !== null && OURS.test(envelopeId) && envelopeId.toLowerCase() !== envelopeIdOf(handed);

/**
 * Several recipients in it are those for whom the one of ours stands: what arrived with one of them has arrived, and what
 * failed with one is not on its way.
 */
function toldByStatus({ recipients }: DeliveryStatus, text: string): Told {
  const action = ACTIONS.find((one) => recipients.some((r) => r.action === one));
  const status = recipients.find((r) => r.action === action);
  if (!status) return NOTHING;
  const report = REPORTS[status.action];
  const hasReason = report === 'failed' || report === 'deferred';
  const recipient = status.original ?? status.final;
  return { report, event: status.action, recipient, bounce: hasReason ? bounceByStatus(status, text) : null };
}

/** Some servers leave out what the other one said, and have it in the words to people. */
const bounceByStatus = ({ action, status, diagnostic, remoteMta }: RecipientStatus, text: string): Bounce =>
  bounceOf({ said: diagnostic ?? text, status, remoteMta, isFinal: action === 'failed' });

type Said = { said: string; status: string | null; remoteMta: string | null; isFinal: boolean };

const CODE = /(?:^|[\s:;>("'])([45]\d\d)(?=[ -][#<(\w])/m;
const ENHANCED = /(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)/;

function bounceOf({ said, status, remoteMta, isFinal }: Said): Bounce {
  const code = CODE.exec(said)?.[1];
  const isVague = status === null || /\.0\.0$/.test(status);
  const enhanced = isVague ? (ENHANCED.exec(said)?.[1] ?? status) : status;
  return {
    code: code === undefined ? null : Number(code),
    enhancedCode: enhancedCodeOf(enhanced),
    message: words(said, MAX_SAID),
    description: null,
    severity: isFinal ? 'permanent' : 'temporary',
    reason: null,
    bounceType: null,
    mxHost: words(remoteMta, MAX_HOST),
    delayed: false,
  };
}
