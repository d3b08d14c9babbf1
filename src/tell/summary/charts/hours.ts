import type { DayBar } from '../../../core/figures/summary.ts';
import { OUTCOMES } from './days.ts';
import { bars, faint, grid, isNarrow, legend, partsInWords } from './parts.ts';
import { loadSvg } from './render.ts';
import type { Theme } from './theme.ts';

const HEIGHT = 200;

/** The deliveries of some hours by outcome, as an SVG so many units wide. */
export async function hoursPicture(hours: readonly DayBar[], theme: Theme, width: number): Promise<string> {
  const draw = await loadSvg();
  const axis = { axisTick: { show: false }, axisLine: { lineStyle: { color: theme.line } }, axisLabel: faint(theme) };
  const option = {
    legend: legend(theme, OUTCOMES),
    grid: grid({ left: 40, right: 8, top: isNarrow(width) ? 56 : 30, bottom: 24 }),
    xAxis: { type: 'category', data: hours.map(({ day }) => day), ...axis },
    yAxis: { type: 'value', minInterval: 1, splitNumber: 3, splitLine: { lineStyle: { color: theme.line } }, ...axis },
    series: OUTCOMES.map((part) => bars(part, hours, theme, { stack: 'all', barCategoryGap: '22%' })),
  };
  return draw(option, theme, width, HEIGHT);
}

/** The parts of one hour in words; what did not happen is left out. */
export const hourInWords = (hour: DayBar): string =>
  partsInWords(
    OUTCOMES.filter((part) => part.length(hour) > 0),
    hour,
  );

export const inHour = (hour: DayBar): number => OUTCOMES.reduce((sum, part) => sum + part.length(hour), 0);
