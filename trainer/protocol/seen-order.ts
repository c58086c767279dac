/** In which order an answer saw the frames of its group. */
import type { FrameOrder, MediaView } from './records.ts';

/** Place i showed frame `order[i]`; of an image its one frame. */
export function seenOrder(
  { indices, shuffledOrder }: Pick<MediaView, 'indices' | 'shuffledOrder'>,
  order: FrameOrder,
): number[] {
  const inOrder = indices.map((_, frame) => frame);
  return order === 'shuffled' ? (shuffledOrder ?? inOrder) : inOrder;
}
