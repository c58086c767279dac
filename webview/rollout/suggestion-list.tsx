/** What detectors would flag in a text, and what one says to it: no flag until somebody accepts it. */
import type { Categories } from '../../trainer/protocol/annotations/categories.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Suggestion } from '../../trainer/protocol/review-queue.ts';
import { Bar } from '../ui/heads.tsx';
import { Button } from '../ui/toolkit.tsx';
import { firstOpen } from './suggesting.ts';
import styles from './suggestion-list.module.css';

interface SuggestionListProps {
  readonly suggestions: readonly Suggestion[];
  /** Which they are about. */
  readonly text: string;
  /** What is suggested for where no passage is. */
  readonly whole: string;
  readonly named: Categories['named'];
  /** Why nothing can be answered now; null when it can. */
  readonly refused: string | null;
  /** A line each, where the text is read and not judged. */
  readonly isBrief?: boolean;
  /** Answers the first that is open. */
  readonly onAnswer: (accepted: boolean) => void;
}

export function SuggestionList(props: SuggestionListProps) {
  const { suggestions, text, whole, named, refused, isBrief = false, onAnswer } = props;
  if (suggestions.length === 0) return null;
  const next = firstOpen(suggestions);
  return (
    <section aria-label="Suggested">
      {!isBrief && (
        <Bar title="Suggested">
          <span>by detectors; no flags until you accept</span>
        </Bar>
      )}
      <ul class={`${styles.suggestions} ${isBrief ? styles.brief : ''}`}>
        {suggestions.map((suggestion) => {
          const { detector, span, category, says, answered, precision } = suggestion;
          return (
            <li key={`${detector} ${span?.start}`} data-answered={answered ? '' : undefined}>
              <span class={styles.name}>
                {isBrief && 'suggested: '}
                {shownLine(named(category).name)}
                <span class={`${styles.precision} dim`}>
                  {precision ? `right ${precision.accepted} of ${precision.answered}` : 'not judged yet'}
                </span>
              </span>
              <span class={`${styles.says} dim`} title={isBrief ? shownLine(says, 300) : undefined}>
                {shownLine(says, 300)}
              </span>
              {!isBrief && (
                <q class="cut model-text">{span ? shownLine(text.slice(span.start, span.end), 300) : whole}</q>
              )}
              {answered && <span class="dim">{answered.accepted ? 'accepted' : 'dismissed'}</span>}
              {suggestion === next && (
                <span class={styles.acts}>
                  <Button disabled={refused !== null} title={refused ?? 'Y'} onPress={() => onAnswer(true)}>
                    Accept&nbsp;<kbd>Y</kbd>
                  </Button>
                  <Button disabled={refused !== null} title={refused ?? 'X'} onPress={() => onAnswer(false)}>
                    Dismiss&nbsp;<kbd>X</kbd>
                  </Button>
                </span>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
