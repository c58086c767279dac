/** How the pictures of a stream are to be turned and mirrored to stand as its file says; ffmpegs of different age disagree on it. */

/** Done in this order: rows and columns change places, then left and right, then top and bottom. */
export interface Turn {
  readonly transposed: boolean;
  readonly leftRight: boolean;
  readonly topBottom: boolean;
}

const upright: Turn = { transposed: false, leftRight: false, topBottom: false };

/** What ffprobe tells of a stream, as far as it is asked for. */
export interface StatedTurn {
  readonly side_data_list?: readonly {
    /** Three rows of three numbers in hexadecimal-numbered lines, as `av_display_matrix` of FFmpeg has them. */
    readonly displaymatrix?: string;
    /** Degrees against the clock. */
    readonly rotation?: number | string;
  }[];
  /** Degrees with the clock, from files and builds before there was side data. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** The four numbers that turn: a place (x, y) comes to (a x + c y, b x + d y), with y downwards. */
type Matrix = readonly [a: number, b: number, c: number, d: number];

function ofAngle(degrees: number): Matrix {
  const angle = (degrees * Math.PI) / 180;
  return [Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)];
}

function ofText(text: string): Matrix | null {
  const rows = text
    .trim()
    .split(/\s*\n\s*/)
    .map((row) => row.replace(/^\w+:/, '').trim().split(/\s+/).map(Number));
  const [[a, b] = [], [c, d] = []] = rows;
  const numbers = [a, b, c, d];
  return numbers.every((value) => Number.isFinite(value)) ? (numbers as unknown as Matrix) : null;
}

/** Turns by other than a quarter of a circle are left alone, as OpenCV and decord leave them. */
export function turnOf(stream: StatedTurn): Turn {
  const stated = stream.side_data_list ?? [];
  const text = stated.find(({ displaymatrix }) => displaymatrix !== undefined)?.displaymatrix;
  const rotation = stated.find((data) => data.rotation !== undefined)?.rotation ?? -Number(stream.tags?.rotate ?? 0);
  const [a, b, c, d] = (text === undefined ? null : ofText(text)) ?? ofAngle(Number(rotation));
  const small = 0.01 * Math.hypot(a, b, c, d);
  const isSmall = (value: number) => Math.abs(value) < small;
  if (isSmall(b) && isSmall(c)) return { transposed: false, leftRight: a < 0, topBottom: d < 0 };
  if (isSmall(a) && isSmall(d)) return { transposed: true, leftRight: c < 0, topBottom: b < 0 };
  return upright;
}

/** ffmpeg's filters that turn so. */
export function turnFilters({ transposed, leftRight, topBottom }: Turn): string[] {
  return [...(transposed ? ['transpose=0'] : []), ...(leftRight ? ['hflip'] : []), ...(topBottom ? ['vflip'] : [])];
}
