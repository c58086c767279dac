/** The charts as a table: a line for each point, its values as they are and smoothed, of every run. */
import type { ShownCharts, ShownCurve } from './shown-charts.ts';

export function chartsCsv(shown: ShownCharts): string {
  const { steps, size, smoothing } = shown;
  const smoothed = smoothing <= 1 && size === 1 ? null : size >= smoothing ? 'mean' : `smoothed over ${smoothing}`;
  const columns = [...shown.large, ...shown.small].flatMap(({ title, curves }) =>
    curves.flatMap((one) => columnsOf(one, title, curves.length > 1, smoothed)),
  );
  const ofSteps = size === 1 ? ['step'] : ['first step', 'last step'];
  const lines = steps.map((step, at) => [
    ...(size === 1 ? [step] : [Math.max(1, step), step + size - 1]),
    ...columns.map(({ values }) => values[at] ?? ''),
  ]);
  return [[...ofSteps, ...columns.map(({ name }) => name)].map(quoted), ...lines]
    .map((line) => `${line.join(',')}\r\n`)
    .join('');
}

interface Column {
  readonly name: string;
  readonly values: ShownCurve['values'];
}

function columnsOf(
  { curve, values, strong, low, high }: ShownCurve,
  title: string,
  isNamed: boolean,
  smoothed: string | null,
): Column[] {
  const of = curve.ofRun ? `${curve.ofRun.id}: ` : '';
  const name = `${of}${title}${isNamed ? `, ${curve.name}` : ''}`;
  return [
    { name: low === null ? name : `${name}, mean of the point`, values },
    ...(low === null ? [] : [{ name: `${name}, least`, values: low }]),
    ...(high === null ? [] : [{ name: `${name}, most`, values: high }]),
    ...(strong === null || smoothed === null || smoothed === 'mean'
      ? []
      : [{ name: `${name}, ${smoothed}`, values: strong }]),
  ];
}

/** As RFC 4180 has it. */
const quoted = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
