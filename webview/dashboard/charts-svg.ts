/** The charts as a picture of its own, in the colours of the page: SVG, from which the PNG is drawn too. */
import { compact } from '../ui/numbers.ts';
import type { CanvasColours } from '../ui/theme.ts';
import { stepTick, valueTick } from './chart-plot.ts';
import { stepSplits, verticalRange } from './chart-scales.ts';
import { laneOf, type MarkerKind, markerKinds } from './markers.ts';
import { isFilled, markPath } from './run-marks.tsx';
import type { ShownChart, ShownCharts, ShownCurve } from './shown-charts.ts';

const edge = 16;
const gap = 24;
const head = 44;
const largeColumns = 3;
const smallColumns = 5;
/** About as wide as a letter is, in CSS pixels: fonts differ. */
const letter = 6.4;
const large = { width: 380, header: 40, plot: 200, axis: 18, lanes: 38, left: 40 };
const small = { width: 218, header: 18, plot: 56, axis: 18 };
/** Of a picture, in CSS pixels. */
export const svgWidth = 2 * edge + largeColumns * large.width + (largeColumns - 1) * gap;

type Colours = Readonly<Record<keyof CanvasColours, string>>;

/** @param title what stands above the charts, such as the name of the run */
export function chartsSvg(shown: ShownCharts, title: string, colours: Colours, font: string): string {
  const parts: string[] = [];
  const text = (x: number, y: number, words: string, more = '') =>
    `<text x="${round(x)}" y="${round(y)}" ${more}>${escaped(words)}</text>`;
  parts.push(text(edge, 24, title, `font-weight="600" font-size="14" fill="${colours.foreground}"`));
  parts.push(text(edge, 40, shown.words, `fill="${colours.dim}"`));
  parts.push(legend(shown, colours));
  const largeHeight = large.header + large.plot + large.axis + (shown.markers.length > 0 ? large.lanes : 0);
  let bottom = head;
  const place = (charts: readonly ShownChart[], columns: number, width: number, height: number, draw: Draw) => {
    const across = (svgWidth - 2 * edge - columns * width) / (columns - 1);
    charts.forEach((chart, at) => {
      const [x, y] = [edge + (at % columns) * (width + across), bottom + 12 + Math.floor(at / columns) * (height + 12)];
      parts.push(`<g transform="translate(${round(x)} ${round(y)})">${draw(chart)}</g>`);
    });
    bottom += Math.ceil(charts.length / columns) * (height + 12);
  };
  place(shown.large, largeColumns, large.width, largeHeight, (chart) => largeChart(chart, shown, colours));
  place(shown.small, smallColumns, small.width, small.header + small.plot + small.axis, (chart) =>
    smallChart(chart, shown, colours),
  );
  const height = round(bottom + edge);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${svgWidth}" height="${height}" viewBox="0 0 ${svgWidth} ${height}" font-family="${escaped(font)}" font-size="11"><title>${escaped(title)}</title><rect width="100%" height="100%" fill="${colours.ground}"/>${parts.join('')}</svg>`;
}

type Draw = (chart: ShownChart) => string;

/** At the right of the heading: which mark is which run's, and what stands under the curves. */
function legend({ runIds, markers }: ShownCharts, colours: Colours): string {
  const kinds = markerKinds.filter((kind) => markers.some((place) => place.kind === kind));
  const entries = [
    ...(runIds.length > 1
      ? runIds.map((id, place) => ({
          words: id,
          shape: (x: number, y: number) => runMark(place, x, y, colours.foreground, colours),
        }))
      : []),
    ...kinds.map((kind) => ({ words: kind, shape: (x: number, y: number) => markerShape(kind, x, y, colours) })),
  ];
  let x = svgWidth - edge;
  return entries
    .reverse()
    .map(({ words, shape }) => {
      x -= words.length * letter + 8;
      const drawn = `<text x="${round(x)}" y="40" fill="${colours.dim}">${escaped(words)}</text>${shape(x - 9, 36)}`;
      x -= 22;
      return drawn;
    })
    .join('');
}

function largeChart(chart: ShownChart, shown: ShownCharts, colours: Colours): string {
  const width = large.width - large.left;
  const top = large.header;
  const scales = scalesOf(chart, shown, width, large.plot);
  const parts = [
    `<text y="12" font-weight="600" font-size="12" fill="${colours.foreground}">${escaped(chart.title)}</text>`,
    valueLine(chart, 28, colours),
  ];
  const inside: string[] = [];
  for (const value of valueSplits(scales.low, scales.high)) {
    const y = round(scales.y(value));
    inside.push(`<path d="M0 ${y}H${width}" stroke="${colours.line}"/>`);
    parts.push(
      `<text x="${large.left - 5}" y="${round(top + y + 4)}" text-anchor="end" fill="${colours.dim}">${escaped(valueTick(value))}</text>`,
    );
  }
  if (chart.band) inside.unshift(bandRect(chart.band, scales, width, colours));
  inside.push(uprights(shown, scales, large.plot, colours));
  inside.push(...chart.curves.map((one) => curve(one, shown, scales, colours)));
  const [from, to] = shown.axis;
  for (const step of stepSplits(from, to, stepIncrement(to - from))) {
    const x = large.left + scales.x(step);
    parts.push(
      `<text x="${round(x)}" y="${top + large.plot + 14}" text-anchor="middle" fill="${colours.dim}">${stepTick(step)}</text>`,
    );
  }
  for (const { at, kind } of shown.markers)
    parts.push(
      markerShape(kind, large.left + at * width, top + large.plot + large.axis + 8 + laneOf[kind] * 11, colours),
    );
  return `${parts.join('')}${plotArea(inside, large.left, top, width, large.plot)}`;
}

function smallChart(chart: ShownChart, shown: ShownCharts, colours: Colours): string {
  const scales = scalesOf(chart, shown, small.width, small.plot);
  const bottom = small.header + small.plot;
  const inside = [
    `<path d="M0 ${small.plot}H${small.width}" stroke="${colours.line}"/>`,
    uprights(shown, scales, small.plot, colours),
    ...chart.curves.map((one) => curve(one, shown, scales, colours)),
  ];
  const extent = extentOf(chart);
  const under = (x: number, anchor: string, words: string) =>
    `<text x="${x}" y="${bottom + 13}" text-anchor="${anchor}" fill="${colours.dim}">${escaped(words)}</text>`;
  return [
    `<text y="12" fill="${colours.dim}">${escaped(chart.title)}</text>`,
    `<text x="${small.width}" y="12" text-anchor="end" fill="${colours.foreground}">${escaped(lastValues(chart.curves))}</text>`,
    plotArea(inside, 0, small.header, small.width, small.plot),
    ...(extent === null
      ? []
      : [under(0, 'start', `min ${compact(extent[0])}`), under(small.width, 'end', `max ${compact(extent[1])}`)]),
  ].join('');
}

const plotArea = (inside: readonly string[], x: number, y: number, width: number, height: number) =>
  `<svg x="${x}" y="${y}" width="${width}" height="${height}" overflow="hidden">${inside.join('')}</svg>`;

interface Scales {
  readonly low: number;
  readonly high: number;
  x(step: number): number;
  y(value: number): number;
}

function scalesOf(chart: ShownChart, { axis: [from, to] }: ShownCharts, width: number, height: number): Scales {
  const extent = extentOf(chart);
  const [low, high] = verticalRange(
    { ...(chart.range && { range: chart.range }), ...(chart.band && { band: chart.band }) },
    extent?.[0] ?? null,
    extent?.[1] ?? null,
  );
  return {
    low,
    high,
    x: (step) => ((step - from) / (to - from)) * width,
    y: (value) => height - ((value - low) / (high - low)) * height,
  };
}

/** The least and the most of all that is drawn; null without any. */
function extentOf({ curves }: ShownChart): readonly [number, number] | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { values, strong, low: least, high: most } of curves)
    for (const column of [values, strong ?? [], least ?? [], most ?? []])
      for (const value of column) {
        if (value === null) continue;
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
  return low > high ? null : [low, high];
}

function curve(one: ShownCurve, { steps }: ShownCharts, scales: Scales, colours: Colours): string {
  const { curve: of, values, strong, low, high } = one;
  const colour = colours[of.colour];
  const points = (column: readonly (number | null)[]) =>
    steps.flatMap((step, at) => {
      const value = column[at] ?? null;
      return value === null ? [] : [[round(scales.x(step)), round(scales.y(value))] as const];
    });
  const path = (all: readonly (readonly [number, number])[]) =>
    all.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  const raw =
    low && high
      ? `<path d="${path([...points(high), ...points(low).reverse()])}Z" fill="${colour}" fill-opacity="0.25"/>`
      : strong === null
        ? ''
        : `<path d="${path(points(values))}" fill="none" stroke="${colour}" stroke-opacity="0.26"/>`;
  const line = points(strong ?? values);
  const dash = of.dash ? ` stroke-dasharray="${of.dash.join(' ')}"` : '';
  return `${raw}<path d="${path(line)}" fill="none" stroke="${colour}" stroke-width="1.75"${dash}/>${runMarks(one, line, colours)}`;
}

/** One here and there, as on the page. */
function runMarks(
  { curve: { ofRun, colour } }: ShownCurve,
  line: readonly (readonly [number, number])[],
  colours: Colours,
): string {
  if (!ofRun) return '';
  const every = 64;
  let next = (every * (ofRun.place + 1)) / 5;
  return line
    .filter(([x]) => {
      if (x < next) return false;
      next = x + every;
      return true;
    })
    .map(([x, y]) => runMark(ofRun.place, x, y, colours[colour], colours))
    .join('');
}

const runMark = (place: number, x: number, y: number, colour: string, colours: Colours) =>
  `<path d="${markPath(place, x, y, 3.2)}" fill="${isFilled(place) ? colour : colours.ground}" stroke="${colour}" stroke-width="1.4"/>`;

function markerShape(kind: MarkerKind, x: number, y: number, colours: Colours): string {
  const at = `transform="translate(${round(x - 4.5)} ${round(y - 4.5)}) scale(0.9)"`;
  if (kind === 'command') return `<path ${at} d="M5 1L9.5 9h-9z" fill="${colours.dim}"/>`;
  if (kind === 'breakpoint') return `<circle ${at} cx="5" cy="5" r="4" fill="${colours.wrong}"/>`;
  const diamond = 'M5 .7L9.3 5 5 9.3.7 5z';
  if (kind === 'log only') return `<path ${at} d="${diamond}" fill="${colours.wrong}"/>`;
  return `<path ${at} d="${diamond}" fill="none" stroke="${colours.dim}" stroke-width="1.3"/>`;
}

function uprights(
  { lines, now, axis: [from, to] }: ShownCharts,
  scales: Scales,
  height: number,
  colours: Colours,
): string {
  const upright = (step: number, more: string) =>
    step < from || step > to ? '' : `<path d="M${round(scales.x(step))} 0V${height}" ${more}/>`;
  return [
    ...lines.map((step) => upright(step, `stroke="${colours.line}"`)),
    now === null ? '' : upright(now, `stroke="${colours.now}" stroke-width="2" stroke-dasharray="2 2"`),
  ].join('');
}

function bandRect([from, to]: readonly [number, number], scales: Scales, width: number, colours: Colours): string {
  const [top, bottom] = [scales.y(to), scales.y(from)].map(round) as [number, number];
  const edges = `stroke="${colours.plain}" stroke-dasharray="2 2"`;
  return `<rect y="${top}" width="${width}" height="${round(bottom - top)}" fill="${colours.band}"/><path d="M0 ${top}H${width}M0 ${bottom}H${width}" ${edges}/>`;
}

const lastStrong = ({ strong, values }: ShownCurve) =>
  compact((strong ?? values).findLast((value) => value !== null) ?? null);

/** As the marks of runs are written in a line of text. */
const writtenMarks = ['●', '○', '■', '□'];

/** The last value of each run, with its mark where there are several. */
const lastValues = (curves: readonly ShownCurve[]) =>
  curves
    .map((one) =>
      one.curve.ofRun ? `${writtenMarks[one.curve.ofRun.place] ?? ''} ${lastStrong(one)}` : lastStrong(one),
    )
    .join('  ');

/** The names of a chart's curves with their last values, and their lines where there are several. */
function valueLine({ curves, note }: ShownChart, y: number, colours: Colours): string {
  const names = [...Map.groupBy(curves, ({ curve: { name } }) => name)];
  let x = 0;
  const words = (text: string) => {
    const drawn = `<text x="${round(x)}" y="${y}" fill="${colours.dim}" xml:space="preserve">${escaped(text)}</text>`;
    x += text.length * letter + 14;
    return drawn;
  };
  const parts = names.map(([name, of]) => {
    const [first] = of;
    if (!first || names.length === 1) return words(`${name} ${lastValues(of)}`);
    const { colour, dash } = first.curve;
    const dashes = dash ? ` stroke-dasharray="${dash.join(' ')}"` : '';
    const sample = `<path d="M${round(x)} ${y - 4}h18" stroke="${colours[colour]}" stroke-width="2"${dashes}/>`;
    x += 22;
    return sample + words(`${name} ${lastValues(of)}`);
  });
  return [...parts, ...(note === null ? [] : [words(note)])].join('');
}

/** Four round values or so between the ends. */
function valueSplits(low: number, high: number): number[] {
  const rough = (high - low) / 4;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const by = [1, 2, 5, 10].map((one) => one * ten).find((one) => one >= rough) ?? rough;
  const splits: number[] = [];
  for (let at = Math.ceil(low / by); at * by <= high; at += 1) splits.push(at * by);
  return splits;
}

function stepIncrement(span: number): number {
  const ten = 10 ** Math.floor(Math.log10(Math.max(1, span / 5)));
  return Math.max(1, [1, 2, 5, 10].map((one) => one * ten).find((one) => one >= span / 5) ?? 1);
}

const round = (value: number) => Math.round(value * 10) / 10;

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
