// A message about an incident, as channels take it.
import type { Notice } from '../../src/tell/channels/channel.ts';
import { MORNING } from './clock.ts';

/** That two mails were given up, a moment ago; with what a test wants otherwise. */
export const aNotice = (different: Partial<Notice> = {}): Notice => ({
  ...{ id: '01ALERT', conversation: '01INCIDENT', turn: 'opened', severity: 'error', kind: 'gave_up' },
  ...{ incident: 'gave_up:mg.example.com', subject: 'Two mails', body: 'were given up', count: 2 },
  ...{ createdAt: MORNING, startedAt: MORNING, endedAt: null, link: null, tries: 0, isWorse: false, toldAt: [] },
  ...different,
});
