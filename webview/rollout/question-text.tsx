/** What was asked: the question, its options with the solution marked, and where it is from. */
import type { ComponentChildren } from 'preact';
import { shownLine, shownPieces } from '../../trainer/protocol/hostile-text.ts';
import { type MediaView, type Question, shownRow } from '../../trainer/protocol/records.ts';
import { Icon } from '../ui/icons.tsx';
import { fixed } from '../ui/numbers.ts';
import styles from './question-text.module.css';

interface QuestionTextProps {
  readonly question: Question;
  readonly media: MediaView;
  /** Two lines of question and two of options at most; the rest on hover and in the exact text. */
  readonly compact: boolean;
  readonly onRow: () => void;
}

export function QuestionText({ question, media, compact, onRow }: QuestionTextProps) {
  const shown = shownPieces(question.problem).map((piece) => piece.shown);
  const options = question.options.map((option) => shownLine(option));
  const size =
    media.kind === 'video' ? `${fixed(media.durationSeconds, 1)} s` : `${media.sourceWidth}×${media.sourceHeight}`;
  const row = (
    <button type="button" class="link" onClick={onRow}>
      dataset row {shownRow(question)}
    </button>
  );
  return (
    <div class={compact ? styles.compact : styles.full}>
      <p
        class={`${styles.problem} model-text`}
        data-part="problem"
        title={compact ? shownLine(question.problem, 4000) : undefined}
      >
        {shown}
      </p>
      <div class={styles.below}>
        {options.length > 0 ? (
          <ol class={styles.options} title={compact ? options.join('\n') : undefined}>
            {question.options.map((option, index) => (
              <Option key={option} solution={isSolution(option, question.solution)} compact={compact}>
                {options[index]}
              </Option>
            ))}
          </ol>
        ) : (
          <p class={`${styles.options} model-text`}>
            <span class={styles.option}>
              <Icon name="check" label="the solution" class={styles.tick} />
              <span class={compact ? 'cut' : undefined}>{shownLine(question.solution)}</span>
            </span>
          </p>
        )}
        {compact ? (
          <span class={`${styles.source} dim cut`} title={shownLine(question.path)}>
            {shownLine(question.path.split('/').at(-1) ?? '')}, {size}
          </span>
        ) : (
          <p class={`${styles.source} dim`}>
            {question.problemType} · {shownLine(question.path)}, {size} · {row}
          </p>
        )}
      </div>
    </div>
  );
}

function Option({ solution, compact, children }: { solution: boolean; compact: boolean; children: ComponentChildren }) {
  return (
    <li class={`${styles.option} model-text`}>
      {solution ? (
        <Icon name="check" label="the solution" class={styles.tick} />
      ) : (
        !compact && <span class={styles.noTick} />
      )}
      {children}
    </li>
  );
}

/** Options are written with their letter; the solution is the letter alone, or the whole option. */
export function isSolution(option: string, solution: string): boolean {
  return (
    option === solution || new RegExp(`^\\(?${solution.replace(/[^\p{L}\p{N}]/gu, '\\$&')}[).:\\s]`, 'u').test(option)
  );
}
