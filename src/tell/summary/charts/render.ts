import { createRequire } from 'node:module';
import type { EChartsCoreOption } from 'echarts/core';
import { FAMILY } from './parts.ts';
import type { Theme } from './theme.ts';

export type Render = (option: EChartsCoreOption, theme: Theme, width: number, height: number) => Buffer;

type RenderSvg = (option: EChartsCoreOption, theme: Theme, width: number, height: number) => string;

/** What draws. To be called when a picture is drawn and not before, as it takes a while to load. */
export async function loadSvg(): Promise<RenderSvg> {
  const [core, charts, components, renderers] = await Promise.all([
    import('echarts/core'),
    import('echarts/charts'),
    import('echarts/components'),
    import('echarts/renderers'),
  ]);
  const { GridComponent, LegendComponent, TitleComponent } = components;
  core.use([charts.BarChart, GridComponent, LegendComponent, TitleComponent, renderers.SVGRenderer]);
  return (option, theme, width, height) => {
    const chart = core.init(null, null, { renderer: 'svg', ssr: true, width, height });
    chart.setOption({ animation: false, backgroundColor: theme.paper, textStyle: { fontFamily: FAMILY }, ...option });
    const drawn = chart.renderToSVGString();
    chart.dispose();
    return drawn;
  };
}

/** What makes a PNG of a drawing. It takes half a second and 60 MB to load. */
export async function loadRenderer(): Promise<Render> {
  const [draw, { Resvg }] = await Promise.all([loadSvg(), import('@resvg/resvg-js')]);
  const font = { fontFiles: fontFiles(), loadSystemFonts: false, defaultFontFamily: FAMILY, sansSerifFamily: FAMILY };
  return (option, theme, width, height) => {
    const drawn = draw(option, theme, width, height);
    // Sharp enough on a phone; a wide one is seen on a screen, and would weigh twice as much.
    const zoom = width > 500 ? 1.5 : 2;
    return Buffer.from(new Resvg(drawn, { font, fitTo: { mode: 'zoom', value: zoom } }).render().asPng());
  };
}

function fontFiles(): string[] {
  const require = createRequire(import.meta.url);
  return ['400Regular/Inter_400Regular.ttf', '600SemiBold/Inter_600SemiBold.ttf'].map((file) =>
    require.resolve(`@expo-google-fonts/inter/${file}`),
  );
}
