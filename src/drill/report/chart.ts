import type { EChartsCoreOption } from 'echarts/core';
import type { DrillReport, Slot } from '../../core/drills.ts';
import { sinceWords } from '../../core/words/drills.ts';
import { bars, faint, grid, heading, isNarrow, legend, type Part } from '../../tell/summary/charts/parts.ts';
import type { Picture } from '../../tell/summary/charts/pictures.ts';
import { loadRenderer } from '../../tell/summary/charts/render.ts';
import { DARK, LIGHT, type Theme } from '../../tell/summary/charts/theme.ts';

const ARRIVED: readonly Part<Slot>[] = [
  { name: 'by Mailgun', colour: 'first', length: (slot) => slot.mailgun },
  { name: 'by the secondary', colour: 'fallback', length: (slot) => slot.secondary },
];
const WAITS: Part<Slot> = { name: 'waits', colour: 'retry', length: (slot) => slot.waiting };
const FAULT = { name: 'the fault' };

/** Mail as it arrived by each way, and below it what waited, over the time of the drill. */
export async function drainPicture(report: DrillReport, width: number): Promise<Picture> {
  const render = await loadRenderer();
  const drawn = (theme: Theme) => {
    const { option, height } = draw(report, theme, width);
    return { height, png: render(option, theme, width, height) };
  };
  const [light, dark] = [drawn(LIGHT), drawn(DARK)];
  return {
    ...{ id: 'drain', title: 'Mail over time', alt: altOf(report), width },
    ...{ height: light.height, light: light.png, dark: dark.png },
  };
}

const LEFT = 40;
const RIGHT = 14;

function draw(report: DrillReport, theme: Theme, width: number): { option: EChartsCoreOption; height: number } {
  const { slots } = report;
  const top = isNarrow(width) ? 56 : 34;
  const names = slots.map(({ at }) => sinceWords(report, at));
  const most = Math.max(1, ...slots.map((slot) => slot.mailgun + slot.secondary));
  const deepest = Math.max(1, ...slots.map((slot) => slot.waiting));
  const every = Math.ceil(names.length / (isNarrow(width) ? 4 : 8));
  return {
    height: top + 296,
    option: {
      legend: legend(theme, [...ARRIVED, WAITS, FAULT]),
      title: [heading('of it waits', top + 150, { ...faint(theme), fontWeight: 400 })],
      grid: [
        grid({ left: LEFT, right: RIGHT, top, height: 132 }),
        grid({ left: LEFT, right: RIGHT, top: top + 174, height: 92 }),
      ],
      xAxis: [timeAxis(theme, 0, names, every), timeAxis(theme, 1, names, every)],
      yAxis: [countAxis(theme, 0, most), countAxis(theme, 1, deepest)],
      series: [
        ...[most, deepest].map((height, n) => shade(slots, theme, height, n)),
        ...ARRIVED.map((part) => bars(part, slots, theme, { stack: 'arrived', ...inGrid(0) })),
        bars(WAITS, slots, theme, inGrid(1)),
      ],
    },
  };
}

const inGrid = (index: number) => ({
  xAxisIndex: index,
  yAxisIndex: index,
  barCategoryGap: '12%',
  barGap: '-100%',
  z: 3,
});

/** Behind the bars: while the fault lasted. */
const shade = (slots: readonly Slot[], theme: Theme, height: number, index: number) => ({
  ...{
    type: 'bar',
    name: FAULT.name,
    silent: true,
    xAxisIndex: index,
    yAxisIndex: index,
    barCategoryGap: '0%',
    barGap: '-100%',
    z: 1,
  },
  itemStyle: { color: theme.lost, opacity: 0.22 },
  data: slots.map(({ sick }) => (sick ? height : null)),
});

const timeAxis = (theme: Theme, gridIndex: number, names: readonly string[], every: number) => ({
  ...{ type: 'category', gridIndex, data: names, axisTick: { show: false } },
  axisLine: { lineStyle: { color: theme.line } },
  axisLabel: { ...faint(theme), show: gridIndex === 1, interval: (i: number) => i % every === 0, hideOverlap: true },
});

const countAxis = (theme: Theme, gridIndex: number, max: number) => ({
  ...{ type: 'value', gridIndex, minInterval: 1, splitNumber: 2, max },
  splitLine: { lineStyle: { color: theme.line } },
  axisLabel: faint(theme),
});

/** What the picture shows, in words; the table beside it has every figure. */
function altOf({ slots, figures }: DrillReport): string {
  const deepest = Math.max(0, ...slots.map((slot) => slot.waiting));
  return `Mail over time: ${figures.byMailgun} arrived by Mailgun and ${figures.bySecondary} by the secondary; ${deepest} waited at most, and ${slots.at(-1)?.waiting ?? 0} at the end.`;
}
