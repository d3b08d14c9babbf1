import type { DayBar } from '../../../core/figures/summary.ts';
import { bars, type Chart, faint, grid, heading, isNarrow, legend, type Part, partsInWords } from './parts.ts';
import type { Theme } from './theme.ts';

const FIRST_TRY: Part<DayBar> = { name: 'first try', colour: 'first', length: (d) => d.firstTry };
/** These are few beside those of the first try, so they are drawn once more on a scale of their own. */
const REST: readonly Part<DayBar>[] = [
  { name: 'after a retry', colour: 'retry', length: (d) => d.afterRetry },
  { name: 'fallback', said: 'by the fallback', colour: 'fallback', length: (d) => d.byFallback },
  { name: 'did not arrive', colour: 'lost', length: (d) => d.lost },
];
const OTHER: Part<DayBar> = { name: 'open or cancelled', colour: 'other', length: (d) => d.other };
export const OUTCOMES = [FIRST_TRY, ...REST, OTHER];

const LEFT = 44;
const RIGHT = 22;

/** Above all deliveries; below, on a scale of their own, those that needed more than the first try. */
export const daysChart: Chart = {
  id: 'days',
  title: 'Deliveries by outcome, day by day',
  isEmpty: ({ daily }) => daily.every((d) => total(d) === 0),
  draw({ daily }, theme, width) {
    const top = isNarrow(width) ? 56 : 34;
    const names = daily.map((d) => dayName(d.day));
    const every = Math.ceil(names.length / (isNarrow(width) ? 4 : 7));
    return {
      height: top + 276,
      option: {
        legend: legend(theme, OUTCOMES),
        title: [heading('of these, more than the first try', top + 152, { ...faint(theme), fontWeight: 400 })],
        grid: [
          grid({ left: LEFT, right: RIGHT, top, height: 138 }),
          grid({ left: LEFT, right: RIGHT, top: top + 178, height: 74 }),
        ],
        xAxis: [dayAxis(theme, 0, names, every), dayAxis(theme, 1, names, every)],
        yAxis: [countAxis(theme, 0, 3), countAxis(theme, 1, 2)],
        series: [
          ...OUTCOMES.map((part) => bars(part, daily, theme, { stack: 'all', ...inGrid(0) })),
          ...REST.map((part) => bars(part, daily, theme, { stack: 'rest', ...inGrid(1) })),
        ],
      },
    };
  },
  alt({ daily }) {
    const days = daily.map((d) => {
      const there = [...REST, OTHER].filter((part) => part.length(d) > 0);
      const rest = partsInWords(there, d);
      return `${dayName(d.day)} ${total(d)}${rest === '' ? '' : ` (${rest})`}`;
    });
    return `Deliveries a day: ${days.join('; ')}.`;
  },
};

const total = (d: DayBar): number => OUTCOMES.reduce((sum, part) => sum + part.length(d), 0);

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function dayName(day: string): string {
  const [, month = '1', date = '1'] = day.split('-');
  return `${Number(date)} ${MONTHS[Number(month) - 1] ?? ''}`;
}

const inGrid = (index: number) => ({ xAxisIndex: index, yAxisIndex: index, barCategoryGap: '22%' });

/** The days below both grids, named once, below the second. */
const dayAxis = (theme: Theme, gridIndex: number, names: readonly string[], every: number) => ({
  type: 'category',
  gridIndex,
  data: names,
  axisTick: { show: false },
  axisLine: { lineStyle: { color: theme.line } },
  axisLabel: {
    ...faint(theme),
    show: gridIndex === 1,
    // Counted from the right, so that the last day has its name.
    interval: (i: number) => (names.length - 1 - i) % every === 0,
    hideOverlap: true,
  },
});

const countAxis = (theme: Theme, gridIndex: number, splitNumber: number) => ({
  type: 'value',
  gridIndex,
  minInterval: 1,
  splitNumber,
  splitLine: { lineStyle: { color: theme.line } },
  axisLabel: { ...faint(theme), formatter: short },
});

const short = (n: number): string => (n >= 1e6 ? `${n / 1e6}M` : n >= 10_000 ? `${n / 1000}k` : String(n));
