/** Numbers as the pages write them: true minus, fixed decimals in a column, units in words. */

const minus = '\u2212';

/** Fixed decimals with a true minus; a dash for null. Not-finite numbers are named. */
export function fixed(value: number | null, decimals: number): string {
  if (value === null) return '–';
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : `${minus}∞`;
  const text = value.toFixed(decimals);
  return trueMinus(Number(text) === 0 ? text.replace('-', '') : text);
}

/** As `fixed`, with a plus sign where it is above zero. */
export function signed(value: number | null, decimals: number): string {
  const text = fixed(value, decimals);
  return value !== null && value > 0 && Number(value.toFixed(decimals)) !== 0 ? `+${text}` : text;
}

/** Two or three significant digits, small and large ones with an exponent: 5e−7, 0.0015, 0.015, 0.598, 342, 1.23e6. */
export function compact(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return fixed(value, 0);
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1e-3 || size >= 1e6) return trueMinus(shortest(value.toExponential(2)));
  if (size >= 100) return trueMinus(value.toFixed(0));
  if (size >= 10) return trueMinus(value.toFixed(1));
  if (size >= 1) return trueMinus(value.toFixed(2));
  /* 0.0015 is not 0.001, nor 0.002. */
  return trueMinus(size >= 0.01 ? value.toFixed(3) : String(Number(value.toPrecision(2))));
}

/** A parameter's value as a person would type it. */
export function plain(value: unknown): string {
  if (typeof value === 'number') {
    const size = Math.abs(value);
    return trueMinus(size !== 0 && (size < 1e-3 || size >= 1e7) ? shortest(value.toExponential()) : String(value));
  }
  if (value === null) return 'as given';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const thousands = new Intl.NumberFormat('en-US');

/** 1,234 */
export function grouped(value: number): string {
  return thousands.format(value);
}

/** One of something, or many: `count(2, 'answer')` is "2 answers". */
export function count(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** "40 s", "2 min", "1 h 12 min", "2 d 1 h". */
export function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${Math.floor(hours / 24)} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Milliseconds of a piece of work: "840 ms", "5.6 s", "121 s". */
export function elapsed(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 100_000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 1000)} s`;
}

export function fileSize(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Time of day, 24 hours. */
export function clock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

function shortest(exponential: string): string {
  const [mantissa = '', exponent = ''] = exponential.split('e');
  return `${mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa}e${exponent.replace('+', '')}`;
}

function trueMinus(text: string): string {
  return text.replaceAll('-', minus);
}
