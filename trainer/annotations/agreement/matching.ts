/** Maximum matching in a bipartite graph: as many pairs as can be, each place in one pair at most. */

/**
 * By augmenting paths (Berge, 1957), each looked for breadth first. A greedy choice may leave pairs out: where one place fits
 * two and another only the first of these, it matters who is served first.
 * @param joins for each place on the left, the places on the right that it may be paired with
 * @param right how many places there are on the right
 * @returns the number of pairs
 */
export function maximumMatching(joins: readonly (readonly number[])[], right: number): number {
  const partnerOfRight = new Int32Array(right).fill(-1);
  const partnerOfLeft = new Int32Array(joins.length).fill(-1);
  const cameFrom = new Int32Array(right);
  let pairs = 0;
  for (let start = 0; start < joins.length; start++) {
    cameFrom.fill(-1);
    const queue = [start];
    let free = -1;
    for (let head = 0; head < queue.length && free < 0; head++) {
      const left = queue[head] as number;
      for (const place of joins[left] as readonly number[]) {
        if (cameFrom[place] !== -1) continue;
        cameFrom[place] = left;
        const partner = partnerOfRight[place] as number;
        if (partner < 0) {
          free = place;
          break;
        }
        queue.push(partner);
      }
    }
    if (free < 0) continue;
    pairs++;
    for (let place = free; place >= 0; ) {
      const left = cameFrom[place] as number;
      const before = partnerOfLeft[left] as number;
      partnerOfRight[place] = left;
      partnerOfLeft[left] = place;
      place = before;
    }
  }
  return pairs;
}
