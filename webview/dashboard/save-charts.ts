/** Saves the charts that are shown: as a picture, or as a table. */
import { StudioError } from '../../trainer/protocol/errors.ts';
import type { Host } from '../host.ts';
import { canvasColours } from '../ui/theme.ts';
import { chartsCsv } from './charts-csv.ts';
import { chartsSvg } from './charts-svg.ts';
import type { ShownCharts } from './shown-charts.ts';

export const chartForms = ['png', 'svg', 'csv'] as const;
export type ChartForm = (typeof chartForms)[number];

/** Pixels of the PNG for a CSS pixel. */
const pixels = 2;

/** @throws StudioError `internal` where the browser draws no picture */
export async function saveCharts(host: Host, form: ChartForm, shown: ShownCharts): Promise<void> {
  const name = `${shown.runIds.join('-')}-curves.${form}`;
  if (form === 'csv') return host.saveFile(name, chartsCsv(shown));
  const font = getComputedStyle(document.body).fontFamily;
  const svg = chartsSvg(shown, shown.runIds.join(', '), canvasColours(), font);
  if (form === 'svg') return host.saveFile(name, svg);
  host.saveFile(name, await drawn(svg));
}

async function drawn(svg: string): Promise<Uint8Array<ArrayBuffer>> {
  const address = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  try {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [picture.naturalWidth * pixels, picture.naturalHeight * pixels];
    canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (blob === null) throw new Error('the canvas gave no picture');
    return new Uint8Array(await blob.arrayBuffer());
  } catch (thrown) {
    throw new StudioError('internal', `The picture could not be drawn: ${(thrown as Error).message}.`, {
      remedy: 'Save it as SVG, which draws nothing.',
      cause: thrown,
    });
  } finally {
    URL.revokeObjectURL(address);
  }
}
