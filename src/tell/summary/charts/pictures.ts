import type { Summary } from '../../../core/figures/summary.ts';
import { daysChart } from './days.ts';
import { failuresChart } from './failures.ts';
import { loadRenderer } from './render.ts';
import { DARK, LIGHT, type Theme } from './theme.ts';
import { timesChart } from './times.ts';

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

const CHARTS = [daysChart, timesChart, failuresChart];

/** The pictures that there are figures for, `width` units wide. */
export async function pictures(summary: Summary, width: number): Promise<Picture[]> {
  const charts = CHARTS.filter((chart) => !chart.isEmpty(summary));
  if (charts.length === 0) return [];
  const render = await loadRenderer();
  return charts.map(({ id, title, draw, alt }) => {
    const drawn = (theme: Theme) => {
      const { option, height } = draw(summary, theme, width);
      return { height, png: render(option, theme, width, height) };
    };
    const [light, dark] = [drawn(LIGHT), drawn(DARK)];
    return { id, title, alt: alt(summary), width, height: light.height, light: light.png, dark: dark.png };
  });
}
