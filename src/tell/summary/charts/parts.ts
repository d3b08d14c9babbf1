// What the pictures are put together from, in the words of ECharts.
import type { EChartsCoreOption } from 'echarts/core';
import type { Summary } from '../../../core/figures/summary.ts';
import type { Theme } from './theme.ts';

/** One picture: what it shows, drawn and in words. */
export type Chart = {
  id: string;
  title: string;
  draw(summary: Summary, theme: Theme, width: number): { option: EChartsCoreOption; height: number };
  /** All its figures, for those who do not see it. */
  alt(summary: Summary): string;
  isEmpty(summary: Summary): boolean;
};

/** Part of a bar: its name in the legend and in the words beside the picture, its colour, and how long it is. */
export type Part<T> = { name: string; said?: string; colour: keyof Theme; length(of: T): number };

export const FAMILY = 'Inter';

export const isNarrow = (width: number): boolean => width < 420;

export const faint = (theme: Theme, size = 12) => ({ color: theme.faint, fontSize: size, fontFamily: FAMILY });
export const inked = (theme: Theme, size = 12) => ({ ...faint(theme, size), color: theme.ink });

/** A line of text at the left edge. */
export const heading = (text: string, top: number, textStyle: object) => ({ text, left: 0, top, textStyle });

export const legend = (theme: Theme, parts: readonly { name: string }[]) => ({
  data: parts.map(({ name }) => ({ name })),
  top: 0,
  left: 0,
  itemWidth: 11,
  itemHeight: 11,
  itemGap: 14,
  icon: 'roundRect',
  textStyle: inked(theme),
});

/** The area of the bars. The names of the axes have the margins that they are given here, and not their own. */
export const grid = (place: { left: number; right: number; top: number; bottom?: number; height?: number }) => ({
  ...place,
  outerBoundsMode: 'none',
});

/** Names of rows, from top to bottom, with nothing drawn but the names. */
export const rowNames = (theme: Theme, names: readonly string[], label: object = {}) => ({
  type: 'category',
  inverse: true,
  data: names,
  axisTick: { show: false },
  axisLine: { show: false },
  axisLabel: { ...inked(theme), ...label },
});

/** One part of each bar; parts with the same `stack` stand on one another. */
export const bars = <T>(part: Part<T>, rows: readonly T[], theme: Theme, more: object) => ({
  type: 'bar',
  name: part.name,
  itemStyle: { color: theme[part.colour] },
  data: rows.map(part.length),
  ...more,
});

/** `3 after a retry, 2 did not arrive`. */
export const partsInWords = <T>(parts: readonly Part<T>[], row: T): string =>
  parts.map((part) => `${part.length(row)} ${part.said ?? part.name}`).join(', ');
