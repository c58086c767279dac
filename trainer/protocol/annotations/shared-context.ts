/** How much of a context stands at each place of a text, for all places at once: a text that repeats itself takes no longer. */

/** Of points how many from the first of `context` on stand at each place; with one more place for the text's end. All in code points. */
export function sharedAfter(context: readonly string[], points: readonly string[]): Uint32Array {
  const own = prefixLengths(context);
  const shared = new Uint32Array(points.length + 1);
  // The stretch of the text that is known to be the context's beginning, and ends last.
  let [from, to] = [0, 0];
  for (let place = 0; place < points.length; place++) {
    let length = place < to ? Math.min(own[place - from] as number, to - place) : 0;
    while (length < context.length && place + length < points.length && context[length] === points[place + length])
      length += 1;
    shared[place] = length;
    if (place + length > to) [from, to] = [place, place + length];
  }
  return shared;
}

/** The same of those that stand before each place, from the last of `context` back. */
export const sharedBefore = (context: readonly string[], points: readonly string[]): Uint32Array =>
  sharedAfter(context.toReversed(), points.toReversed()).reverse();

/** How many points from each place on are those that the list begins with; the whole list at its beginning (its Z values). */
function prefixLengths(points: readonly string[]): Uint32Array {
  const lengths = new Uint32Array(points.length + 1);
  lengths[0] = points.length;
  let [from, to] = [0, 0];
  for (let place = 1; place < points.length; place++) {
    let length = place < to ? Math.min(lengths[place - from] as number, to - place) : 0;
    while (place + length < points.length && points[length] === points[place + length]) length += 1;
    lengths[place] = length;
    if (place + length > to) [from, to] = [place, place + length];
  }
  return lengths;
}
