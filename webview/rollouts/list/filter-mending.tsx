/**
 * Under the filter line: its first fault, or what it looks for in texts though it may be meant as a condition, each with what
 * to put in its place at a click or by `Alt+Enter` in the line.
 */
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { corrected } from '../../../trainer/protocol/query/edit.ts';
import { mended, misreadsOf, wordRead } from '../../../trainer/protocol/query/meant.ts';
import type { QueryFault } from '../../../trainer/protocol/query/parse.ts';
import { UnderFilter } from './under-filter.tsx';

export interface Mending {
  /** Whether the line has a fault; otherwise it is read, though perhaps not as it is meant. */
  readonly isFault: boolean;
  readonly message: string;
  /** What is put in, empty for nothing, and the line with it; null where nothing known is near. */
  readonly offer: { readonly text: string; readonly line: string } | null;
}

/** Null where there is nothing to say. */
export function mendingOf(line: string, faults: readonly QueryFault[]): Mending | null {
  const [fault] = faults;
  if (fault) {
    const { message, suggestion } = fault;
    const offer = suggestion === null ? null : { text: suggestion, line: corrected(line, fault) };
    return { isFault: true, message, offer };
  }
  const [misread] = misreadsOf(line);
  const word = wordRead(line);
  const found = misread ?? word;
  const term = found?.terms[0];
  if (found === undefined || found === null || term === undefined) return null;
  const message = misread
    ? `${found.text} is looked for in the texts.`
    : `${found.text} asks for ${found.text.toLowerCase()} answers; in quotes it is looked for in the texts.`;
  return { isFault: false, message, offer: { text: term, line: mended(line, found, term) } };
}

interface FilterMendingProps {
  readonly mending: Mending;
  /** The list has rows of the last filter without a fault. */
  readonly hasRows: boolean;
  /** Takes the offer. */
  readonly onLine: (line: string) => void;
}

export function FilterMending({ mending: { isFault, message, offer }, hasRows, onLine }: FilterMendingProps) {
  return (
    <UnderFilter
      part="mending"
      isFault={isFault}
      isFaint={!isFault}
      offer={
        offer && (
          <button type="button" class="link" onClick={() => onLine(offer.line)}>
            {offer.text === '' ? 'Take it out' : `Use ${shownLine(offer.text)}`} <kbd>Alt+Enter</kbd>
          </button>
        )
      }
    >
      {shownLine(message)} {isFault && hasRows && 'The list still shows the last filter that worked.'}
    </UnderFilter>
  );
}
