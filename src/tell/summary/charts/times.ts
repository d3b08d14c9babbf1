import type { Figures } from '../../../core/figures/figures.ts';
import { steps, timesOf } from '../../../core/figures/times.ts';
import { HOUR, MINUTE, type Ms, SECOND } from '../../../core/time.ts';
import { percent, timeTaken } from '../../../core/words/numbers.ts';
import { type Chart, grid, heading, inked, rowNames } from './parts.ts';
import type { Theme } from './theme.ts';

/** Up to 15 minutes is on time for any mail, up to four hours is late, and longer is as good as lost. */
const STEPS: readonly { upTo: Ms; name: string; colour: keyof Theme }[] = [
  { upTo: 10 * SECOND, name: '≤ 10 s', colour: 'first' },
  { upTo: 30 * SECOND, name: '≤ 30 s', colour: 'first' },
  { upTo: MINUTE, name: '≤ 1 min', colour: 'first' },
  { upTo: 5 * MINUTE, name: '≤ 5 min', colour: 'first' },
  { upTo: 15 * MINUTE, name: '≤ 15 min', colour: 'first' },
  { upTo: HOUR, name: '≤ 1 h', colour: 'retry' },
  { upTo: 4 * HOUR, name: '≤ 4 h', colour: 'retry' },
  { upTo: 24 * HOUR, name: '≤ 1 day', colour: 'lost' },
  { upTo: Number.POSITIVE_INFINITY, name: 'later', colour: 'lost' },
];

/** How long deliveries took, in a few broad steps. */
export const timesChart: Chart = {
  id: 'times',
  title: 'Time to delivery',
  isEmpty: ({ total }) => total.arrived === 0,
  draw({ total }, theme) {
    const counts = countsOf(total);
    const all = counts.reduce((sum, n) => sum + n, 0);
    const names = STEPS.map((step) => step.name);
    return {
      height: 290,
      option: {
        title: [heading(halfAndMost(total), 0, { ...inked(theme, 13), fontWeight: 600 })],
        // The margin has room for the share beside a bar that takes the whole width: `>99.9 %`.
        grid: grid({ left: 66, right: 56, top: 30, bottom: 4 }),
        xAxis: { type: 'value', max: all, show: false },
        yAxis: rowNames(theme, names),
        series: [
          {
            type: 'bar',
            barCategoryGap: '26%',
            showBackground: true,
            backgroundStyle: { color: theme.line, opacity: 0.45, borderRadius: 3 },
            data: STEPS.map(({ colour }, i) => stepBar(counts[i] ?? 0, all, theme[colour])),
            label: inked(theme),
          },
        ],
      },
    };
  },
  alt({ total }) {
    const counts = countsOf(total);
    const parts = STEPS.map(({ name }, i) => `${name} ${counts[i]}`);
    const { n } = timesOf(total.times);
    return `Time to delivery of ${n} deliveries: ${halfAndMost(total)}. ${parts.join('; ')}.`;
  },
};

const countsOf = ({ times }: Figures): number[] =>
  steps(
    times,
    STEPS.slice(0, -1).map((step) => step.upTo),
  );

function halfAndMost({ times }: Figures): string {
  const { median, p95 } = timesOf(times);
  return `half within ${timeTaken(median)}, 95 of 100 within ${timeTaken(p95)}`;
}

const stepBar = (n: number, all: number, color: string) => ({
  value: n,
  itemStyle: { color, borderRadius: 3 },
  label: { show: true, position: 'right', formatter: n === 0 ? '' : percent(n / all) },
});
