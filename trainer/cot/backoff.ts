/** How long to wait before a request is sent again. */

const firstMs = 1000;
const longestMs = 60_000;
/** What a server may ask for; beyond it, it is taken for not available. */
const longestRetryAfterMs = 120_000;

/**
 * Exponential back-off with jitter: between half of and the whole of 1, 2, 4 … 60 seconds.
 * @param attempt requests that failed so far, from 1
 * @param random in [0, 1)
 */
export function backoffMs(attempt: number, random: number): number {
  const most = Math.min(longestMs, firstMs * 2 ** Math.min(30, attempt - 1));
  return Math.round(most * (0.5 + random / 2));
}

/**
 * The header `Retry-After` in milliseconds from now: seconds, or a date (RFC 9110, 10.2.3). Null when it is absent or
 * neither. At most `longestRetryAfterMs`.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  const wanted = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(wanted) ? null : Math.min(longestRetryAfterMs, Math.max(0, wanted));
}
