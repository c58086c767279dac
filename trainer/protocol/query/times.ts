/** Times as a query writes them: ISO 8601, UTC where no offset is given. */

const pattern = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)?)?$/i;
/** The last millisecond of the year 9999. */
const latest = 253_402_300_799_999;
const minute = 60_000;

/** The first and the last millisecond since 1970 of a day, a minute, a second or a fraction of one; null when it is none. */
export function readTime(typed: string): readonly [number, number] | null {
  if (!pattern.test(typed)) return null;
  const text = typed.toUpperCase();
  const [day = '', clock = ''] = text.split('T');
  // A day such as 02-30 would be read as one of the next month.
  if (new Date(Date.parse(day)).getUTCDate() !== Number(day.slice(8))) return null;
  const zone = /(?:Z|[+-]\d\d:\d\d)$/.exec(clock)?.[0] ?? '';
  const time = clock.slice(0, clock.length - zone.length);
  const start = Date.parse(clock === '' ? day : `${day}T${time}${zone || 'Z'}`);
  const [, fraction] = time.split('.');
  const extent =
    clock === ''
      ? 24 * 60 * minute
      : fraction !== undefined
        ? 10 ** (3 - fraction.length)
        : time.length > 'hh:mm'.length
          ? 1000
          : minute;
  const end = start + extent - 1;
  return start >= 0 && end <= latest ? [start, end] : null;
}

/** A time that `readTime` reads as this very millisecond. */
export function timeText(at: number): string {
  return new Date(at).toISOString();
}
