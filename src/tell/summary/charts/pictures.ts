import type { Summary } from '../../../core/figures/summary.ts';
import { daysChart } from './days.ts';
import { failuresChart } from './failures.ts';
import { loadRenderer, loadSvg } from './render.ts';
import { DARK, LIGHT, type Theme } from './theme.ts';
import { timesChart } from './times.ts';

/** What a chart shows, in words. */
type About = { id: string; title: string; alt: string; width: number; height: number };

export type Picture = About & Record<Colours, Buffer>;
/** An SVG, for whoever has the fonts. Drawn when it is asked for first. */
export type Drawing = About & { svg(colours: Colours): Promise<string> };

const THEMES = { light: LIGHT, dark: DARK };
type Colours = keyof typeof THEMES;

const CHARTS = [daysChart, timesChart, failuresChart];

/** The pictures that there are figures for, `width` units wide. */
export async function pictures(summary: Summary, width: number): Promise<Picture[]> {
  const charts = chartsOf(summary, width);
  if (charts.length === 0) return [];
  const render = await loadRenderer();
  const drawn = ({ option, height }: Draft, theme: Theme) => render(option, theme, width, height);
  return charts.map(({ about, draft }) => ({
    ...about,
    light: drawn(draft(LIGHT), LIGHT),
    dark: drawn(draft(DARK), DARK),
  }));
}

export const drawings = (summary: Summary, width: number): Drawing[] =>
  chartsOf(summary, width).map(({ about, draft }) => {
    const drawn: Partial<Record<Colours, Promise<string>>> = {};
    async function draw(theme: Theme): Promise<string> {
      const render = await loadSvg();
      const { option, height } = draft(theme);
      return render(option, theme, width, height);
    }
    return {
      ...about,
      svg(colours) {
        drawn[colours] ??= draw(THEMES[colours]);
        return drawn[colours];
      },
    };
  });

type Draft = ReturnType<(typeof CHARTS)[number]['draw']>;

function chartsOf(summary: Summary, width: number) {
  return CHARTS.filter((chart) => !chart.isEmpty(summary)).map(({ id, title, draw, alt }) => {
    const draft = (theme: Theme): Draft => draw(summary, theme, width);
    return { about: { id, title, alt: alt(summary), width, height: draft(LIGHT).height }, draft };
  });
}
