import type { Cure } from '../../../core/figures/figures.ts';
import { shortReason } from '../../../core/words/reasons.ts';
import { bars, type Chart, grid, inked, isNarrow, legend, type Part, partsInWords, rowNames } from './parts.ts';

const PARTS: readonly Part<Cure>[] = [
  { name: 'arrived later', colour: 'first', length: (c) => c.cured + c.arrivedAfterAll },
  { name: 'fallback', said: 'by the fallback', colour: 'fallback', length: (c) => c.saved },
  { name: 'did not arrive', colour: 'lost', length: (c) => c.lost },
  { name: 'open or cancelled', colour: 'other', length: (c) => c.open + c.cancelled },
];

/** Causes that are drawn; the words beside the picture have all of them. */
const SHOWN = 8;

/** The first failures by their causes, and what became of the deliveries. */
export const failuresChart: Chart = {
  id: 'failures',
  title: 'Failures by reason, and what became of them',
  isEmpty: ({ total }) => total.cures.length === 0,
  draw({ total }, theme, width) {
    const rows = total.cures.slice(0, SHOWN);
    // The legend takes two lines where it is narrow.
    const [left, top] = isNarrow(width) ? [132, 56] : [190, 32];
    const names = rows.map((c) => shortReason(c.cause));
    return {
      height: top + 8 + rows.length * 30,
      option: {
        legend: legend(theme, PARTS),
        grid: grid({ left, right: 44, top, bottom: 4 }),
        xAxis: { type: 'value', show: false },
        // Without a canvas ECharts guesses the width of a text, and the guess is up to a seventh too small.
        yAxis: rowNames(theme, names, { width: 0.85 * (left - 10), overflow: 'break' }),
        series: [
          ...PARTS.map((part) => bars(part, rows, theme, { stack: 'all', barMaxWidth: 20 })),
          sums(rows, inked(theme)),
        ],
      },
    };
  },
  alt({ total }) {
    const rows = total.cures.map((c) => `${shortReason(c.cause)} ${c.failed} (${partsInWords(PARTS, c)})`);
    return `Deliveries that failed at least once, by reason: ${rows.join('; ')}.`;
  },
};

/** A last part without length, which carries the label with the sum. */
const sums = (rows: readonly Cure[], label: object) => ({
  type: 'bar',
  stack: 'all',
  silent: true,
  data: rows.map((c) => ({ value: 0, label: { show: true, position: 'right', formatter: String(c.failed) } })),
  label,
});
