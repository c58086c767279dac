/** Abbreviations after whose point a sentence goes on; without that point, in lower case. */
export const abbreviations: ReadonlySet<string> = new Set([
  'e.g',
  'i.e',
  'vs',
  'mr',
  'mrs',
  'ms',
  'dr',
  'st',
  'no',
  'fig',
  'approx',
  'etc',
  'cf',
]);
