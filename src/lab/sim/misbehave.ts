import type { Ms } from '../../core/time.ts';
import type { SimRequest } from './world.ts';

/** What goes wrong with an answer. Each says whether the work is done; `work` chooses where both can be. */
export type Misbehaviour =
  | NamedMisbehaviour
  | { like: 'garbage' | 'gzipBomb' | 'hugeAnswer'; work: boolean }
  | { drip: Ms }
  /** The work is not done unless it is asked for. */
  | { status: number; body?: string; headers?: Record<string, string>; work?: boolean }
  | { redirect: 301 | 302 | 303 | 307 | 308; to: string; work?: boolean }
  | { latency: Ms };

export type NamedMisbehaviour =
  | 'hang' // no work, no answer, the connection stays open
  | 'hangAfterWork'
  | 'dropBeforeWork' // the connection is cut
  | 'dropBeforeAnswer' // the same, after the work
  | 'dropMidAnswer' // after the work, half of the promised bytes, then cut
  | 'emptyBody' // after the work: 200 and nothing
  | 'noId' // after the work: 200 and JSON without what was asked for
  | 'truncated' // after the work: 200 and half a JSON text
  | 'drip' // after the work: a byte every 250 ms
  | 'garbage' // no work: 200 and a page of HTML
  | 'gzipBomb' // no work: 200, small on the wire and 64 MB when unpacked
  | 'hugeAnswer'; // no work: 200 and bytes without end

type Match = (request: SimRequest) => boolean;

export type Misbehaviours = {
  /** Misbehaves to what matches, so many times (default: always); returns what ends it. */
  add: (match: Match, how: Misbehaviour, times?: number) => () => void;
  take: (request: SimRequest) => Misbehaviour | null;
};

export function createMisbehaviours(): Misbehaviours {
  const rules: { match: Match; how: Misbehaviour; left: number }[] = [];
  return {
    add: (match, how, times = Number.POSITIVE_INFINITY) => {
      const rule = { match, how, left: times };
      rules.push(rule);
      return () => {
        rule.left = 0;
      };
    },
    take: (request) => {
      const rule = rules.find(({ match, left }) => left > 0 && match(request));
      if (rule === undefined) return null;
      rule.left -= 1;
      return rule.how;
    },
  };
}
