/** The item that is judged: what was shown and asked, what was reasoned, in a size for reading, and what was answered. */
import { useMemo, useState } from 'preact/hooks';
import { type Categories, categoryNamedIn } from '../../trainer/protocol/annotations/categories.ts';
import type { Annotation, GroupWithRollouts, Rollout, Span } from '../../trainer/protocol/records.ts';
import type { Suggestion } from '../../trainer/protocol/review-queue.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { AnswerLine } from '../rollout/answer-line.tsx';
import { frameMentions } from '../rollout/completion-pieces.ts';
import { CompletionText } from '../rollout/completion-text.tsx';
import { stripEvidence } from '../rollout/evidence/strip-evidence.tsx';
import { useEvidence } from '../rollout/evidence/use-evidence.ts';
import { VerdictLine } from '../rollout/evidence/verdict-line.tsx';
import { wordMarks } from '../rollout/evidence/word-marks.ts';
import { FixedText } from '../rollout/fixed-text.tsx';
import { FlagForm } from '../rollout/flag-form.tsx';
import { FrameCanvas } from '../rollout/frame-canvas.tsx';
import { FrameStrip, frameTitle } from '../rollout/frame-strip.tsx';
import { markedFlags, markedSuggestions } from '../rollout/marked-flags.ts';
import { QuestionText } from '../rollout/question-text.tsx';
import { entropyRefusal } from '../rollout/shades.ts';
import { useFetched } from '../rollout/use-fetched.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { PaneHead, Section } from '../ui/heads.tsx';
import { signed } from '../ui/numbers.ts';
import { Pane } from '../ui/pane.tsx';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import styles from './item-view.module.css';
import type { Review } from './review-model.ts';

/** Of the text that an answer should have been. */
const fixedUse = 'it is kept with the verdict, and exports have it';

/** In which a passage is selected. */
export const reviewTextId = 'review-text';

interface ItemViewProps {
  readonly review: Review;
  readonly feed: RunFeed;
  readonly run: RunSummary;
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout;
  /** What may be shown of what people say of it. */
  readonly labels: readonly Annotation[];
  readonly frame: number;
  readonly refused: string | null;
  readonly asksName: boolean;
  readonly onFrame: (frame: number) => void;
  readonly onSign: (name: string) => Promise<boolean>;
  readonly onOpen: () => void;
  /** The fixed text is written: keys go there. */
  readonly writing: boolean;
  readonly onWrite: (writing: boolean) => void;
  readonly onDone: () => void;
  readonly onRow: () => void;
}

export function ItemView(props: ItemViewProps) {
  const { review, feed, run, group, rollout, labels, frame, onFrame } = props;
  const { media, question } = group;
  const { draft, categories } = useStore(review.flagging.state, (state) => state);
  const { at, verdict, fixed, suggestions } = useStore(review.state, (state) => state);
  const named = useMemo(() => categoryNamedIn(categories), [categories]);
  const frames = useFetched(feed, media.key, (key) => feed.frames(key));
  const [, setPreview] = useState<unknown>(null);
  const { think, answer } = rollout.parsed;
  const body: Span = think ?? { start: 0, end: answer ? answer.start : rollout.text.length };
  const picked = draft?.span ?? null;
  const marks = useMarks(rollout, group, labels, suggestions, named);
  const { model, evidence } = useEvidence(feed, group, rollout);
  const pickedEvidence = useStore(model.state, (state) => state.picked);
  const [isShaded, setShaded] = useState(false);
  const shade = evidence && (isShaded || pickedEvidence !== null) ? 'order' : 'text';
  const marked = useMemo(() => {
    const words = evidence ? wordMarks(evidence, shade, pickedEvidence, media.times.length) : [];
    return { ...marks, words };
  }, [marks, evidence, shade, pickedEvidence, media]);
  const pickWord = (start: number) => model.toggle({ kind: 'word', start });
  const ofStrip = stripEvidence(shade === 'order' ? evidence : null, pickedEvidence, media.times.length, (pair) =>
    model.toggle({ kind: 'pair', pair }),
  );
  const { flagging } = review;
  const form = draft && (
    <FlagForm
      key={`${rollout.id} ${picked?.start} ${picked?.end}`}
      flagging={flagging}
      text={rollout.text}
      whole="the whole answer"
      fixedUse={fixedUse}
      refused={props.refused}
      onSign={props.asksName ? props.onSign : null}
    />
  );
  const completion = (within: Span) => (
    <CompletionText
      text={rollout.text}
      within={within}
      marks={marked}
      shade={null}
      marksRest={shade === 'order'}
      {...(shade === 'order' && { onWord: pickWord })}
      token={null}
      picked={picked}
      form={form}
      ahaShown={null}
      hitShown={null}
      onFrame={onFrame}
    />
  );
  const isInText = picked !== null && picked.start >= body.start && picked.end <= body.end;
  const paid = `reward ${rollout.reward.total.toFixed(2)}${rollout.advantage === null ? '' : ` · advantage ${signed(rollout.advantage, 2)}`}`;
  return (
    <Pane name="item" label="Item">
      <PaneHead
        title={`Item ${at + 1}`}
        meta={`${group.purpose === 'evaluation' ? 'evaluation, ' : ''}step ${group.step}, ${rollout.order} ${rollout.index + 1}`}
        tools={<Tool icon="link" label="Open the rollout (o)" onPress={props.onOpen} />}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <section class={styles.body} aria-label="Answer to judge" tabIndex={0}>
        <VerdictLine
          {...{ model, evidence }}
          refused={props.refused}
          standing={`${run.state} ${run.state === 'paused' ? run.memory : ''}`}
          onWord={pickWord}
        />
        <div class={styles.asked}>
          <figure class={styles.picture}>
            <FrameCanvas
              frames={frames}
              index={frame}
              label={frameTitle(media, frame)}
              width={media.width}
              height={media.height}
            />
            <figcaption class="dim">{frameTitle(media, frame)}</figcaption>
          </figure>
          <div>
            <QuestionText {...{ question, media }} compact={false} onRow={props.onRow} />
            <p class={`${styles.paid} dim`}>{paid}</p>
          </div>
        </div>
        {media.kind === 'video' && (
          <FrameStrip
            key={media.key}
            {...{ media, frames }}
            order={rollout.order}
            besideCount={0}
            both={false}
            compact={false}
            selected={frame}
            evidence={ofStrip}
            onSelect={onFrame}
            onPreview={setPreview}
            onFocused={() => {}}
          />
        )}
        <Section
          title={think ? 'Think' : 'Text'}
          meta={<span class="dim">select words to flag them, or x, then v sentence by sentence</span>}
          tools={
            evidence && (
              <Tool
                label="Shade words by what order is worth to them"
                text="Order"
                pressed={shade === 'order'}
                onPress={() => {
                  model.letGo();
                  setShaded(shade !== 'order');
                }}
              />
            )
          }
        />
        <div id={reviewTextId} class={`${styles.text} model-text`} data-part="think">
          {completion(body)}
        </div>
        {form && !isInText && <div class={styles.form}>{form}</div>}
        {(verdict === 'fix' || fixed !== null) && (
          <div class={styles.form}>
            <FixedText
              value={fixed ?? review.flagging.textToFix}
              use={fixedUse}
              isEntered={props.writing}
              onEnter={props.onWrite}
              onType={(text) => review.type(text)}
              onSave={props.onDone}
              onLeave={() => props.onWrite(false)}
            />
          </div>
        )}
        <AnswerLine
          {...{ rollout, question }}
          noEntropy={entropyRefusal(run)}
          threshold={run.parameters.correctThreshold}
        >
          {answer ? completion(answer) : 'none'}
        </AnswerLine>
      </section>
    </Pane>
  );
}

function useMarks(
  rollout: Rollout,
  { media }: GroupWithRollouts,
  labels: readonly Annotation[],
  suggestions: readonly Suggestion[],
  named: Categories['named'],
) {
  return useMemo(
    () => ({
      aha: rollout.aha,
      commitments: rollout.commitments ?? [],
      flags: [...markedFlags(labels, named), ...markedSuggestions(suggestions, named)],
      mentions: frameMentions(rollout.text, media),
      tokens: [],
      hits: [],
    }),
    [rollout, labels, suggestions, named, media],
  );
}
