import { createRequire } from 'node:module';
import type { EChartsCoreOption } from 'echarts/core';
import { steps, timesOf } from '../../core/figures/quantile.ts';
import type { Figures, Summary } from '../../core/figures/summary.ts';
import { HOUR, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { percent, timeTaken } from '../../core/words/numbers.ts';
import { shortReason } from '../../core/words/reasons.ts';

/** A picture in two versions, and what it shows in words. */
export type Picture = {
  id: string;
  title: string;
  alt: string;
  width: number;
  height: number;
  light: Buffer;
  dark: Buffer;
};

export type Theme = {
  paper: string;
  ink: string;
  faint: string;
  line: string;
  first: string;
  retry: string;
  fallback: string;
  lost: string;
  other: string;
};

/** Told apart also by eyes that mix up red and green: the four differ in lightness as well. */
export const LIGHT: Theme = {
  paper: '#ffffff',
  ink: '#1f2937',
  faint: '#5b6675',
  line: '#e5e9ef',
  first: '#3f8f83',
  retry: '#e2a53a',
  fallback: '#7566c2',
  lost: '#d0405a',
  other: '#b9c2cd',
};
export const DARK: Theme = {
  paper: '#171b22',
  ink: '#e8ecf2',
  faint: '#a3aebc',
  line: '#2b323d',
  first: '#5cb8aa',
  retry: '#f0bd5e',
  fallback: '#a498ec',
  lost: '#f2718a',
  other: '#566171',
};

type Draw = (summary: Summary, t: Theme, width: number) => { option: EChartsCoreOption; height: number };
type Plan = {
  id: string;
  title: string;
  draw: Draw;
  alt: (summary: Summary) => string;
  empty: (summary: Summary) => boolean;
};

const PLANS: readonly Plan[] = [
  {
    id: 'days',
    title: 'Deliveries by outcome, day by day',
    draw: days,
    alt: daysAlt,
    empty: (r) => r.daily.every((d) => total(d) === 0),
  },
  { id: 'times', title: 'Time to delivery', draw: times, alt: timesAlt, empty: (r) => r.total.arrived === 0 },
  {
    id: 'failures',
    title: 'Failures by reason, and what became of them',
    draw: failures,
    alt: failuresAlt,
    empty: (r) => r.total.cures.length === 0,
  },
];

/** The pictures that there are figures for, `width` units wide. */
export async function pictures(summary: Summary, width: number): Promise<Picture[]> {
  const render = await renderer();
  return PLANS.filter((p) => !p.empty(summary)).map(({ id, title, draw, alt }) => {
    const picture = (theme: Theme) => {
      const { option, height } = draw(summary, theme, width);
      return { height, png: render(option, theme, width, height) };
    };
    const [light, dark] = [picture(LIGHT), picture(DARK)];
    return { id, title, alt: alt(summary), width, height: light.height, light: light.png, dark: dark.png };
  });
}

const FAMILY = 'Inter';

/** Loaded when a picture is drawn and not before: the two libraries take half a second and 60 MB. */
async function renderer() {
  const [core, bars, parts, svg, { Resvg }] = await Promise.all([
    import('echarts/core'),
    import('echarts/charts'),
    import('echarts/components'),
    import('echarts/renderers'),
    import('@resvg/resvg-js'),
  ]);
  core.use([bars.BarChart, parts.GridComponent, parts.LegendComponent, parts.TitleComponent, svg.SVGRenderer]);
  const require = createRequire(import.meta.url);
  const fontFiles = ['400Regular/Inter_400Regular.ttf', '600SemiBold/Inter_600SemiBold.ttf'].map((file) =>
    require.resolve(`@expo-google-fonts/inter/${file}`),
  );
  return (option: EChartsCoreOption, theme: Theme, width: number, height: number): Buffer => {
    const chart = core.init(null, null, { renderer: 'svg', ssr: true, width, height });
    chart.setOption({ animation: false, backgroundColor: theme.paper, textStyle: { fontFamily: FAMILY }, ...option });
    const drawn = chart.renderToSVGString();
    chart.dispose();
    // Sharp enough on a phone; a wide one is seen on a screen, and would weigh twice as much.
    const zoom = width > 500 ? 1.5 : 2;
    const font = { fontFiles, loadSystemFonts: false, defaultFontFamily: FAMILY, sansSerifFamily: FAMILY };
    return Buffer.from(new Resvg(drawn, { font, fitTo: { mode: 'zoom', value: zoom } }).render().asPng());
  };
}

const text = (t: Theme, size = 12) => ({ color: t.faint, fontSize: size, fontFamily: FAMILY });

const legend = (t: Theme, names: readonly string[]) => ({
  data: names.map((name) => ({ name })),
  top: 0,
  left: 0,
  itemWidth: 11,
  itemHeight: 11,
  itemGap: 14,
  icon: 'roundRect',
  textStyle: { ...text(t), color: t.ink },
});

type Bar = Summary['daily'][number];
const total = (d: Bar): number => d.firstTry + d.afterRetry + d.byFallback + d.lost + d.other;
const dayName = (day: string): string => {
  const [, month = '1', date = '1'] = day.split('-');
  const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  return `${Number(date)} ${names[Number(month) - 1] ?? ''}`;
};

const short = (n: number): string => (n >= 1e6 ? `${n / 1e6}M` : n >= 10_000 ? `${n / 1000}k` : String(n));

/** Above all deliveries; below, on a scale of their own, those that needed more than the first try: else nobody sees them. */
function days(summary: Summary, t: Theme, width: number) {
  const narrow = width < 420;
  const left = 44;
  const names = summary.daily.map((d) => dayName(d.day));
  const every = Math.ceil(names.length / (narrow ? 4 : 7));
  const xAxis = (gridIndex: number, shown: boolean) => ({
    type: 'category',
    gridIndex,
    data: names,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: t.line } },
    // Counted from the right, so that the last day has its name.
    axisLabel: {
      ...text(t),
      show: shown,
      interval: (i: number) => (names.length - 1 - i) % every === 0,
      hideOverlap: true,
    },
  });
  const yAxis = (gridIndex: number, splits: number) => ({
    type: 'value',
    gridIndex,
    minInterval: 1,
    splitNumber: splits,
    splitLine: { lineStyle: { color: t.line } },
    axisLabel: { ...text(t), formatter: short },
  });
  const bar = (name: string, color: string, at: number, pick: (d: Bar) => number, stack: string) => ({
    type: 'bar',
    name,
    stack,
    xAxisIndex: at,
    yAxisIndex: at,
    barCategoryGap: '22%',
    itemStyle: { color },
    data: summary.daily.map(pick),
  });
  const top = narrow ? 56 : 34;
  const heading = (words: string, y: number) => ({
    text: words,
    left: 0,
    top: y,
    textStyle: { ...text(t), fontWeight: 400 },
  });
  return {
    height: top + 276,
    option: {
      legend: legend(t, ['first try', 'after a retry', 'fallback', 'did not arrive', 'open or cancelled']),
      title: [heading('of these, more than the first try', top + 152)],
      grid: [
        { left, right: 22, top, height: 138, outerBoundsMode: 'none' },
        { left, right: 22, top: top + 178, height: 74, outerBoundsMode: 'none' },
      ],
      xAxis: [xAxis(0, false), xAxis(1, true)],
      yAxis: [yAxis(0, 3), yAxis(1, 2)],
      series: [
        bar('first try', t.first, 0, (d) => d.firstTry, 'all'),
        bar('after a retry', t.retry, 0, (d) => d.afterRetry, 'all'),
        bar('fallback', t.fallback, 0, (d) => d.byFallback, 'all'),
        bar('did not arrive', t.lost, 0, (d) => d.lost, 'all'),
        bar('open or cancelled', t.other, 0, (d) => d.other, 'all'),
        bar('after a retry', t.retry, 1, (d) => d.afterRetry, 'rest'),
        bar('fallback', t.fallback, 1, (d) => d.byFallback, 'rest'),
        bar('did not arrive', t.lost, 1, (d) => d.lost, 'rest'),
      ],
    },
  };
}

function daysAlt(summary: Summary): string {
  const figures = summary.daily.map((d) => {
    const rest = [
      d.afterRetry > 0 ? `${d.afterRetry} after a retry` : '',
      d.byFallback > 0 ? `${d.byFallback} by the fallback` : '',
      d.lost > 0 ? `${d.lost} did not arrive` : '',
      d.other > 0 ? `${d.other} open or cancelled` : '',
    ].filter((x) => x !== '');
    return `${dayName(d.day)} ${total(d)}${rest.length > 0 ? ` (${rest.join(', ')})` : ''}`;
  });
  return `Deliveries a day: ${figures.join('; ')}.`;
}

const LIMITS: readonly (readonly [Ms, string])[] = [
  [10 * SECOND, '10 s'],
  [30 * SECOND, '30 s'],
  [MINUTE, '1 min'],
  [5 * MINUTE, '5 min'],
  [15 * MINUTE, '15 min'],
  [HOUR, '1 h'],
  [4 * HOUR, '4 h'],
  [24 * HOUR, '1 day'],
];
const STEP_NAMES = [...LIMITS.map(([, name]) => `≤ ${name}`), 'later'];

const stepsOf = (f: Figures): number[] =>
  steps(
    f.times,
    LIMITS.map(([limit]) => limit),
  );

function times(summary: Summary, t: Theme, width: number) {
  const narrow = width < 420;
  const all = stepsOf(summary.total);
  const sum = all.reduce((a, b) => a + b, 0);
  const { median, p95 } = timesOf(summary.total.times);
  // Within 15 minutes is on time for anything; later is a colour of its own.
  const colour = (i: number) => (i < 5 ? t.first : i < 7 ? t.retry : t.lost);
  return {
    height: 290,
    option: {
      title: [
        {
          text: `half within ${timeTaken(median)}, 95 of 100 within ${timeTaken(p95)}`,
          left: 0,
          top: 0,
          textStyle: { ...text(t, 13), color: t.ink, fontWeight: 600 },
        },
      ],
      grid: { left: narrow ? 58 : 66, right: 56, top: 30, bottom: 4, outerBoundsMode: 'none' },
      xAxis: { type: 'value', max: sum, show: false },
      yAxis: {
        type: 'category',
        inverse: true,
        data: STEP_NAMES,
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: { ...text(t), color: t.ink },
      },
      series: [
        {
          type: 'bar',
          barCategoryGap: '26%',
          showBackground: true,
          backgroundStyle: { color: t.line, opacity: 0.45, borderRadius: 3 },
          data: all.map((n, i) => ({
            value: n,
            itemStyle: { color: colour(i), borderRadius: 3 },
            label: {
              show: true,
              position: n / sum > 0.86 ? 'right' : 'right',
              formatter: n === 0 ? '' : percent(n / sum),
            },
          })),
          label: { ...text(t), color: t.ink },
        },
      ],
    },
  };
}

function timesAlt(summary: Summary): string {
  const { n, median, p95 } = timesOf(summary.total.times);
  const parts = stepsOf(summary.total).map((count, i) => `${STEP_NAMES[i]} ${count}`);
  return `Time to delivery of ${n} deliveries: half within ${timeTaken(median)}, 95 of 100 within ${timeTaken(p95)}. ${parts.join('; ')}.`;
}

const SHOWN = 8;

function failures(summary: Summary, t: Theme, width: number) {
  const narrow = width < 420;
  const rows = summary.total.cures.slice(0, SHOWN);
  const left = narrow ? 132 : 190;
  const part = (name: string, color: string, pick: (c: Figures['cures'][number]) => number) => ({
    type: 'bar',
    name,
    stack: 'all',
    barMaxWidth: 20,
    itemStyle: { color },
    data: rows.map(pick),
  });
  const top = 32;
  return {
    height: top + 8 + rows.length * 30,
    option: {
      legend: legend(t, ['arrived later', 'fallback', 'did not arrive', 'open']),
      grid: { left, right: 44, top, bottom: 4, outerBoundsMode: 'none' },
      xAxis: { type: 'value', show: false },
      yAxis: {
        type: 'category',
        inverse: true,
        data: rows.map((c) => shortReason(c.cause)),
        axisTick: { show: false },
        axisLine: { show: false },
        axisLabel: { ...text(t), color: t.ink, width: left - 10, overflow: 'truncate' },
      },
      series: [
        part('arrived later', t.first, (c) => c.cured + c.arrivedAfterAll),
        part('fallback', t.fallback, (c) => c.saved),
        part('did not arrive', t.lost, (c) => c.lost),
        part('open', t.other, (c) => c.open),
        // Carries the sum behind the bar.
        {
          type: 'bar',
          stack: 'all',
          silent: true,
          data: rows.map((c) => ({ value: 0, label: { show: true, position: 'right', formatter: String(c.failed) } })),
          label: { ...text(t), color: t.ink },
        },
      ],
    },
  };
}

function failuresAlt(summary: Summary): string {
  const rows = summary.total.cures.map(
    (c) =>
      `${shortReason(c.cause)} ${c.failed} (${c.cured + c.arrivedAfterAll} arrived later, ${c.saved} by the fallback, ${c.lost} did not arrive, ${c.open} open)`,
  );
  return `Deliveries that failed at least once, by reason: ${rows.join('; ')}.`;
}
