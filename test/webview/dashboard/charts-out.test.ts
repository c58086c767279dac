/** What is exported is what is shown: the steps zoomed into, of all runs, raw and smoothed. */
import { expect, it } from 'vitest';
import { chartsCsv } from '../../../webview/dashboard/charts-csv.ts';
import { chartsSvg } from '../../../webview/dashboard/charts-svg.ts';
import type { Curve } from '../../../webview/dashboard/curve.ts';
import { cutOut, type ShownCharts } from '../../../webview/dashboard/shown-charts.ts';
import { canvasColourNames } from '../../../webview/ui/theme.ts';

const colours = Object.fromEntries(canvasColourNames.map((name, at) => [name, `#00000${at % 10}`])) as Parameters<
  typeof chartsSvg
>[2];

const curve = (given: Partial<Curve>): Curve => ({
  ...{ name: 'ordered', formula: 'accuracyReward', colour: 'ordered', values: [] },
  ...given,
});

function shown(
  zoom: readonly [number, number] | null,
  curves: readonly Curve[],
  given: Partial<ShownCharts> = {},
): ShownCharts {
  const { axis, steps, chart } = cutOut({ steps: [1, 2, 3, 5], zoom, smoothing: 2 });
  const title = 'Accuracy <reward>';
  return {
    ...{ words: 'all 4 steps, smoothed over 2', runIds: ['a-1'], size: 1, smoothing: 2, steps, axis },
    ...{ large: [chart({ title, curves })], small: [], markers: [], lines: [], now: null },
    ...given,
  };
}

const a = { place: 0, id: 'a-1' };
const b = { place: 1, id: 'b-1' };

it('as a table has a line for each step that is drawn, with means over the steps before it', () => {
  const curves = [curve({ values: [1, 3, null, 5] }), curve({ name: 'rate', values: [9, 8, 7, 6], smoothed: false })];
  expect(chartsCsv(shown(null, curves))).toBe(
    [
      'step,"Accuracy <reward>, ordered","Accuracy <reward>, ordered, smoothed over 2","Accuracy <reward>, rate"',
      '1,1,1,9',
      '2,3,2,8',
      '3,,,7',
      '5,5,4,6',
      '',
    ].join('\r\n'),
  );
  expect(
    chartsCsv(shown([1.5, 3], curves))
      .split('\r\n')
      .slice(1),
  ).toEqual(['2,3,2,8', '3,,,7', '']);
});

it('as a table names the runs, and the least and the most of points that stand for several steps', () => {
  const extent = { low: [0, 1, 2, 3], high: [5, 6, 7, 8], counts: [2, 2, 2, 2] };
  const curves = [curve({ values: [1, 2, 3, 4], ofRun: a, extent }), curve({ values: [null, 1, 1, 1], ofRun: b })];
  const [head, first] = chartsCsv(shown(null, curves, { size: 2 })).split('\r\n');
  expect(head).toBe(
    [
      'first step,last step',
      '"a-1: Accuracy <reward>, ordered, mean of the point"',
      '"a-1: Accuracy <reward>, ordered, least"',
      '"a-1: Accuracy <reward>, ordered, most"',
      '"b-1: Accuracy <reward>, ordered"',
    ].join(','),
  );
  expect(first).toBe('1,2,1,0,5,');
});

it('as a drawing has a line for each curve of each run, its dashes and marks, and words that are no markup', () => {
  const curves = [
    curve({ values: [0, 1, 0, 1], ofRun: a }),
    curve({ values: [null, 1, 1, 0], ofRun: b, dash: [14, 3, 1.5, 3] }),
  ];
  const markers = [{ at: 0.5, kind: 'command' as const, markers: [] as never }];
  const svg = chartsSvg(shown(null, curves, { runIds: ['a-1', 'b-1'], markers }), 'a & b', colours, '"Some" font');
  expect(svg).toContain('Accuracy &lt;reward&gt;');
  expect(svg).not.toContain('<reward>');
  expect(svg).toContain('<title>a &amp; b</title>');
  expect(svg).toContain('font-family="&quot;Some&quot; font"');
  expect(svg).toContain('stroke-dasharray="14 3 1.5 3"');
  expect(svg).toMatch(/>command<\/text>.*>a-1<\/text>|>a-1<\/text>.*>command<\/text>/);
  const lines = [...svg.matchAll(/d="(M[^"]+)" fill="none" stroke="[^"]+" stroke-width="1.75"/g)].map(([, d]) => d);
  // From step 1 to 5 on 340 pixels: steps 1, 2, 3 and 5 lie at 0, 85, 170 and 340, and the second run begins at step 2.
  expect(lines.map((d) => [...(d ?? '').matchAll(/[ML](\S+) /g)].map(([, x]) => Number(x)))).toEqual([
    [0, 85, 170, 340],
    [85, 170, 340],
  ]);
  expect(svg.split('<svg').length).toBe(svg.split('</svg>').length);
});

it('draws a chart without any value as an empty one', () => {
  expect(chartsSvg(shown(null, [curve({ values: [null, null, null, null] })]), 'a', colours, 'f')).not.toMatch(
    /NaN|Infinity/,
  );
  expect(chartsCsv(shown([7, 9], [curve({ values: [1, 1, 1, 1] })])).split('\r\n').length).toBe(2);
});
