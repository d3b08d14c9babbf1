import type { EChartsCoreOption } from 'echarts/core';
import type { Summary } from '../../../core/figures/summary.ts';
import { daysChart } from './days.ts';
import { failuresChart } from './failures.ts';
import { loadRenderer, loadSvg } from './render.ts';
import { DARK, LIGHT, type Theme } from './theme.ts';
import { timesChart } from './times.ts';

/** A chart in two versions, and what it shows in words. */
type Drawn<T> = { id: string; title: string; alt: string; width: number; height: number; light: T; dark: T };

export type Picture = Drawn<Buffer>;
/** As an SVG, for whoever has the fonts. */
export type Drawing = Drawn<string>;

const CHARTS = [daysChart, timesChart, failuresChart];

/** The pictures that there are figures for, `width` units wide. */
export const pictures = (summary: Summary, width: number): Promise<Picture[]> => drawn(summary, width, loadRenderer);
export const drawings = (summary: Summary, width: number): Promise<Drawing[]> => drawn(summary, width, loadSvg);

type Render<T> = (option: EChartsCoreOption, theme: Theme, width: number, height: number) => T;

async function drawn<T>(summary: Summary, width: number, load: () => Promise<Render<T>>): Promise<Drawn<T>[]> {
  const charts = CHARTS.filter((chart) => !chart.isEmpty(summary));
  if (charts.length === 0) return [];
  const render = await load();
  return charts.map(({ id, title, draw, alt }) => {
    const inTheme = (theme: Theme) => {
      const { option, height } = draw(summary, theme, width);
      return { height, picture: render(option, theme, width, height) };
    };
    const [light, dark] = [inTheme(LIGHT), inTheme(DARK)];
    return { id, title, alt: alt(summary), width, height: light.height, light: light.picture, dark: dark.picture };
  });
}
