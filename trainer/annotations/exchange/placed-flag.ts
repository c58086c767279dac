/** A flag of another tool with its place and meaning here; what of that is uncertain is told. */
import type { Span } from '../../protocol/records.ts';
import type { ExchangedFlag } from './exchanged.ts';
import type { Notices } from './notices.ts';
import { placeSpan } from './offsets.ts';
import { otherCategory, type Vocabulary } from './vocabulary.ts';

export interface ForeignSpan {
  readonly id: string | null;
  readonly label: string;
  readonly offsets: Span;
  readonly quote: string | null;
}

/**
 * Nothing is lost of it: a label that means nothing here goes into the note of a flag under "other", and so do the words of a
 * span that has no place in the text, whose flag is then of the whole item.
 * @param from the model whose suggestion was accepted
 */
export function placedFlag(
  { id, label, offsets, quote }: ForeignSpan,
  text: string,
  from: string | null,
  vocabulary: Vocabulary,
  place: string,
  notices: Notices,
): ExchangedFlag {
  const notes: string[] = [];
  const category = vocabulary.category(label);
  if (category === null) {
    notices.tell(
      `The label "${label}" is no category here; its flags are kept as "${otherCategory}" with the label in the note. Say what it stands for to change that.`,
      place,
    );
    notes.push(label);
  }
  const placed = placeSpan(text, offsets, quote);
  if (placed.span === null) {
    notices.tell(
      'A span has no place in the text; its flag is kept for the whole item, with its words in the note.',
      place,
    );
    notes.push(quote ?? `characters ${offsets.start} to ${offsets.end}`);
  } else if (placed.state === 'assumed') {
    notices.tell(
      'Offsets after an emoji or another rare character were read as code points; the file has no words to tell whether they count UTF-16 code units.',
      place,
    );
  } else if (placed.state === 'found') {
    notices.tell('The offsets of a span hold other words than it names; it is where its words are.', place);
  }
  return {
    id,
    category: category ?? otherCategory,
    span: placed.span,
    severity: null,
    note: notes.length > 0 ? notes.join('\n') : null,
    from,
  };
}
