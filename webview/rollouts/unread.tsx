/** What stands in place of an answer that can't be read. */
import type { StudioError } from '../../trainer/protocol/errors.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { Blank } from '../ui/blank.tsx';

export function Unread({ unread, refused }: { unread: StudioError; refused: string | null }) {
  return (
    <Blank status>
      <p class="strong">
        {refused === null ? shownLine(unread.message) : `This answer can't be read now: ${refused}.`}
      </p>
      <p class="dim">
        {refused === null
          ? unread.data.remedy && shownLine(unread.data.remedy)
          : 'It is read as soon as there is a trainer.'}
      </p>
    </Blank>
  );
}
