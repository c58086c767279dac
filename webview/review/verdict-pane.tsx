/** What one says of the item: the verdict, one's flags, what detectors suggest, others once one has judged, and what training does. */
import { useMemo } from 'preact/hooks';
import { categoryNamedIn } from '../../trainer/protocol/annotations/categories.ts';
import { type Annotation, type Verdict, verdict as verdicts } from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { hiddenWords } from '../rollout/blind-labels.ts';
import { FlagList } from '../rollout/flag-list.tsx';
import { HistoryList } from '../rollout/history-list.tsx';
import { SuggestionList } from '../rollout/suggestion-list.tsx';
import { PaneHead, Section } from '../ui/heads.tsx';
import { Pane } from '../ui/pane.tsx';
import { useStore } from '../ui/store.ts';
import { Button } from '../ui/toolkit.tsx';
import type { Review } from './review-model.ts';
import { SignBar } from './sign-bar.tsx';
import styles from './verdict-pane.module.css';

interface VerdictPaneProps {
  readonly review: Review;
  readonly run: RunSummary;
  readonly author: string | null;
  /** One's own verdict that stands. */
  readonly given: Verdict | null;
  /** One's own, and others' once `given`. */
  readonly labels: readonly Annotation[];
  readonly hidden: number;
  readonly refused: string | null;
  /** Nobody signs here yet, so that a name is asked for; false where it is none, which is shown. */
  readonly onSign: ((name: string) => Promise<boolean>) | null;
  readonly onDone: () => void;
}

export function VerdictPane({ review, run, author, given, labels, hidden, refused, onSign, onDone }: VerdictPaneProps) {
  const { verdict, suggestions, saving, history, fixed, askedName } = useStore(review.state, (state) => state);
  const { settles } = review;
  const { categories } = useStore(review.flagging.state, (state) => state);
  const named = useMemo(() => categoryNamedIn(categories), [categories]);
  const chosen = verdict ?? (settles ? null : given);
  return (
    <Pane name="verdict" label="Verdict">
      <PaneHead
        title={settles ? 'Settle' : 'Verdict'}
        meta={
          settles
            ? 'instead of what differs'
            : given !== null && fixed === null && (verdict === null || verdict === given)
              ? 'given'
              : verdict
                ? 'not given yet'
                : ''
        }
      />
      {onSign && <SignBar asked={askedName} onSign={onSign} />}
      <div class={styles.body}>
        {/* biome-ignore lint/a11y/useSemanticElements: a group of buttons, not of fields */}
        <div class={styles.verdicts} role="group" aria-label="Verdict on the whole answer">
          {verdicts.options.map((option) => (
            <button key={option} type="button" aria-pressed={chosen === option} onClick={() => review.judge(option)}>
              {option} <kbd>{option.charAt(0).toUpperCase()}</kbd>
            </button>
          ))}
        </div>
        {chosen === 'fix' && (
          <p class={`${styles.para} dim`}>
            {fixed === null ? 'F2 writes how it should be.' : 'With the text that you wrote below.'}
          </p>
        )}
        <FlagList
          labels={labels}
          settled={history?.settled ?? null}
          whole="the whole answer"
          {...{ named, refused, author }}
          onRetract={(id) => void review.flagging.retract(id)}
        />
        <SuggestionList
          suggestions={suggestions}
          text={review.rollout?.text ?? ''}
          whole="the whole answer"
          {...{ named, refused }}
          onAnswer={(accepted) => void review.answer(accepted)}
        />
        {hidden > 0 && (
          <section aria-label="Others">
            <Section title="Others" />
            <p class={styles.para}>{hiddenWords(hidden, history?.hidden ?? '')}</p>
          </section>
        )}
        <section aria-label="What training does with it">
          <Section title="What training does with it" />
          <p class={styles.para}>{effectWords(run)}</p>
        </section>
        {history && <HistoryList history={history} author={author} />}
      </div>
      <div class={styles.foot}>
        <Button
          primary
          disabled={saving || refused !== null || chosen === null}
          title={refused ?? 'Enter'}
          onPress={onDone}
        >
          {settles ? 'Settle' : 'Done'}, next item&nbsp;<kbd>Enter</kbd>
        </Button>
        <Button onPress={() => review.skip()}>
          Skip&nbsp;<kbd>n</kbd>
        </Button>
      </div>
    </Pane>
  );
}

/** In this run; a dataset's rows are another matter. */
function effectWords({ method, parameters }: RunSummary): string {
  const { obeyLabels, leaveOutDropped, maskFlagged, flagPenalty } = parameters;
  if (!obeyLabels) return 'Nothing in this run, in which obeyLabels is off; new runs have it on.';
  if (method === 'sft') return 'Nothing in this run: SFT obeys labels of the dataset’s rows, which its editor gives.';
  const does = [
    leaveOutDropped && 'questions with a drop are not sampled any more',
    maskFlagged && 'answers with flagged words are left out of the update',
    flagPenalty > 0 && `flagged words cost ${flagPenalty}`,
    'flagged words that come back are counted',
  ].filter((words) => words !== false);
  return `From the next reading of labels on: ${does.join('; ')}.`;
}
