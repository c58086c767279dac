/**
 * Reads the sample's pictures back from their pixels, without knowledge of how they were drawn: the independent side that
 * questions, solutions and think texts are checked against.
 */

export interface Picture {
  readonly width: number;
  readonly pixels: Uint8Array;
}

export type Point = readonly [x: number, y: number];

const named = {
  red: [225, 45, 45],
  green: [40, 185, 70],
  blue: [50, 90, 230],
  yellow: [240, 210, 40],
  white: [250, 250, 250],
};
type Name = keyof typeof named;

/** Three columns, five rows. */
const digitCells: Record<string, string> = {
  '010110010010111': '1',
  '111001111100111': '2',
  '111001011001111': '3',
  '101101111001001': '4',
  '111100111001111': '5',
};

const palette = Object.entries(named) as [Name, [number, number, number]][];
const known = new WeakMap<Picture, Map<Name, Point[]>>();

/** All pixels that are drawn in one of the named colours, by name. */
export function inked(picture: Picture): Map<Name, Point[]> {
  const before = known.get(picture);
  if (before) return before;
  const found = new Map<Name, Point[]>();
  const { pixels, width: size } = picture;
  for (let place = 0; place < size * size; place++) {
    const [red, green, blue] = [pixels[place * 3], pixels[place * 3 + 1], pixels[place * 3 + 2]] as [
      number,
      number,
      number,
    ];
    // The ground is grey: its channels are near each other, and it is far from white.
    if (Math.abs(red - green) < 20 && Math.abs(green - blue) < 20 && red < 240) continue;
    for (const [name, [r, g, b]] of palette) {
      if (Math.abs(r - red) > 8 || Math.abs(g - green) > 8 || Math.abs(b - blue) > 8) continue;
      const points = found.get(name) ?? [];
      if (points.length === 0) found.set(name, points);
      points.push([place % size, Math.floor(place / size)]);
    }
  }
  known.set(picture, found);
  return found;
}

/** Names of the colours that cover at least `least` pixels, the largest first. */
export function coloursOf(picture: Picture, least = 20): Name[] {
  return [...inked(picture)]
    .filter(([, points]) => points.length >= least)
    .sort((a, b) => b[1].length - a[1].length)
    .map(([name]) => name);
}

export function boundsOf(points: readonly Point[]): { left: number; top: number; right: number; bottom: number } {
  const bounds = { left: Number.POSITIVE_INFINITY, top: Number.POSITIVE_INFINITY, right: -1, bottom: -1 };
  for (const [x, y] of points) {
    bounds.left = Math.min(bounds.left, x);
    bounds.top = Math.min(bounds.top, y);
    bounds.right = Math.max(bounds.right, x);
    bounds.bottom = Math.max(bounds.bottom, y);
  }
  return bounds;
}

/** The middle of all coloured pixels, or null for an empty picture. */
export function middleOf(picture: Picture, colour?: string): Point | null {
  const points = [...inked(picture)].flatMap(([name, part]) => (colour === undefined || name === colour ? part : []));
  if (points.length === 0) return null;
  const mean = (axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  return [mean(0), mean(1)];
}

/** The white digits of a picture, from left to right: columns without ink part them. */
export function digitsOf(picture: Picture): string {
  const points = inked(picture).get('white') ?? [];
  const columns = new Set(points.map(([x]) => x));
  const groups: Point[][] = [];
  for (let x = 0; x < picture.width; x++) {
    if (!columns.has(x)) continue;
    if (!columns.has(x - 1)) groups.push([]);
    groups.at(-1)?.push(...points.filter((point) => point[0] === x));
  }
  return groups.map(digitOf).join('');
}

function digitOf(points: readonly Point[]): string {
  const { left, top, right, bottom } = boundsOf(points);
  const ink = new Set(points.map(([x, y]) => `${x},${y}`));
  const [width, height] = [(right - left + 1) / 3, (bottom - top + 1) / 5];
  const cells = Array.from({ length: 15 }, (_, cell) => {
    const x = Math.floor(left + ((cell % 3) + 0.5) * width);
    const y = Math.floor(top + (Math.floor(cell / 3) + 0.5) * height);
    return ink.has(`${x},${y}`) ? '1' : '0';
  });
  return digitCells[cells.join('')] ?? '?';
}

/** The form of the one coloured thing: how much of its bounding square it fills tells squares, circles and triangles apart. */
export function shapeOf(picture: Picture): string {
  const points = [...inked(picture).values()].flat();
  const { left, top, right, bottom } = boundsOf(points);
  const share = points.length / ((right - left + 1) * (bottom - top + 1));
  return share > 0.95 ? 'square' : share > 0.7 ? 'circle' : 'triangle';
}

/** The brightness of the picture's middle pixel. */
export function brightnessOf(picture: Picture): number {
  return picture.pixels[(picture.width / 2) * (picture.width + 1) * 3] as number;
}
