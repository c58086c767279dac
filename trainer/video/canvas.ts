/** A picture to draw on: RGB pixels, flat shapes, bars and digits. Whole-number geometry, so that pixels never differ by machine. */

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

export const shapes = ['square', 'circle', 'triangle'] as const;
export type Shape = (typeof shapes)[number];

/** Three columns of five rows per digit, row by row; `#` is ink. */
const digitRows: readonly (readonly string[])[] = [
  ['###', '#.#', '#.#', '#.#', '###'],
  ['.#.', '##.', '.#.', '.#.', '###'],
  ['###', '..#', '###', '#..', '###'],
  ['###', '..#', '.##', '..#', '###'],
  ['#.#', '#.#', '###', '..#', '..#'],
  ['###', '#..', '###', '..#', '###'],
  ['###', '#..', '###', '#.#', '###'],
  ['###', '..#', '.#.', '.#.', '.#.'],
  ['###', '#.#', '###', '#.#', '###'],
  ['###', '#.#', '###', '..#', '###'],
];

/** Drawing changes the picture in place; `copy` gives one to draw on that leaves the first as it is. */
export class Canvas {
  readonly width: number;
  readonly height: number;
  /** `height` rows of `width` pixels of three bytes. */
  readonly pixels: Uint8Array;

  private constructor(width: number, height: number, pixels: Uint8Array) {
    this.width = width;
    this.height = height;
    this.pixels = pixels;
  }

  static filled(width: number, height: number, colour: Rgb): Canvas {
    const canvas = new Canvas(width, height, new Uint8Array(width * height * 3));
    canvas.rectangle(0, 0, width, height, colour);
    return canvas;
  }

  /** A picture whose colour is a function of the place. */
  static shaded(width: number, height: number, colourAt: (x: number, y: number) => Rgb): Canvas {
    const canvas = new Canvas(width, height, new Uint8Array(width * height * 3));
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) canvas.dot(x, y, colourAt(x, y));
    return canvas;
  }

  copy(): Canvas {
    return new Canvas(this.width, this.height, this.pixels.slice());
  }

  /** Lays RGB pixels of another picture on this one; what lies outside the canvas is cut off. */
  picture(left: number, top: number, width: number, pixels: Uint8Array): void {
    const height = pixels.length / 3 / width;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = (y * width + x) * 3;
        this.dot(left + x, top + y, [pixels[at] as number, pixels[at + 1] as number, pixels[at + 2] as number]);
      }
    }
  }

  /** Fills a rectangle; what lies outside the canvas is cut off. */
  rectangle(left: number, top: number, width: number, height: number, colour: Rgb): void {
    for (let y = top; y < top + height; y++) {
      for (let x = left; x < left + width; x++) this.dot(x, y, colour);
    }
  }

  /** Fills a shape inside the square whose upper left corner is given; what lies outside the canvas is cut off. */
  shape(shape: Shape, left: number, top: number, side: number, colour: Rgb): void {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        if (isInside(shape, x, y, side)) this.dot(left + x, top + y, colour);
      }
    }
  }

  /** Draws a digit of square blocks, three wide and five high. */
  digit(digit: number, left: number, top: number, block: number, colour: Rgb): void {
    const rows = digitRows[digit];
    if (rows === undefined) throw new RangeError(`No digit ${digit}.`);
    for (const [y, row] of rows.entries()) {
      for (const [x, ink] of [...row].entries()) {
        if (ink === '#') this.rectangle(left + x * block, top + y * block, block, block, colour);
      }
    }
  }

  private dot(x: number, y: number, colour: Rgb): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    const at = (y * this.width + x) * 3;
    this.pixels[at] = colour[0];
    this.pixels[at + 1] = colour[1];
    this.pixels[at + 2] = colour[2];
  }
}

/** Whether the pixel (x, y) of a square of `side` pixels belongs to the shape that fills it. */
function isInside(shape: Shape, x: number, y: number, side: number): boolean {
  const dx = Math.abs(2 * x + 1 - side);
  switch (shape) {
    case 'square':
      return true;
    case 'circle':
      return dx ** 2 + (2 * y + 1 - side) ** 2 <= side ** 2;
    case 'triangle':
      return dx <= y + 1;
  }
}
