// docs/metrics.md, from the list that makes the metrics.
import { CHAPTERS } from '../src/metrics/list.ts';
import { type Metric, PREFIX } from '../src/metrics/metric.ts';

export function metricsPage(): string {
  const chapters = CHAPTERS.map(({ title, metrics }) => {
    const entries = Object.entries<Metric>(metrics).map(([name, metric]) => entry(PREFIX + name, metric));
    return `## ${title}\n\n${entries.join('\n\n')}\n`;
  });
  return [HEAD, ...chapters].join('\n');
}

function entry(name: string, { type, labels, of, unit, says, use, bounds }: Metric): string {
  const facts = [
    type,
    `unit: ${unit}`,
    labels.length > 0 ? `labels: ${labels.map((label) => `\`${label}\``).join(', ')}` : 'no labels',
    `of the ${of}`,
    ...(bounds ? [`buckets up to ${bounds.join(', ')}`] : []),
  ];
  return `### \`${name}\`\n\n${facts.join('; ')}.\n\n${says}\n\n*What to do with it:* ${use}`;
}

const HEAD = `# Metrics

Written by \`npm run docs\` from the list that makes them. How to set up Prometheus, alerts and the board: [monitoring](monitoring.md).

- **of the database**: each daemon of one database says the same. With several, take \`max by (…)\` over the daemons, never the sum.
  These are missing while \`homing_database_up\` is 0.
- **of the process**: what this daemon did since it started, or how it is. Counters begin at 0 with it: \`rate()\` and
  \`increase()\` see to that, and \`sum by (…)\` over the daemons is the whole. Commands and the library work in processes of
  their own, which are not counted here.

Labels have few values, however much mail there is and whoever gets it: \`class\` is \`access\`, \`notice\` or \`bulk\`; \`provider\` one
of those that are configured (or \`other\`, \`none\`); \`receiver\` one of eight. There is no address and no domain in them.
`;
