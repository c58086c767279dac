/** One answer: what the model saw, what it thought, what it said, and where each point of its reward came from. */
import { useEffect, useMemo } from 'preact/hooks';
import {
  type Annotation,
  type GroupWithRollouts,
  type Rollout,
  type Span,
  shownRow,
} from '../../trainer/protocol/records.ts';
import type { RunSummary } from '../../trainer/protocol/run-state.ts';
import { FormulaLabel } from '../formulas/formula.tsx';
import type { Host } from '../host.ts';
import { ExplainedTier } from '../rollout/aha-tier.tsx';
import { AnswerMark } from '../rollout/answer-mark.tsx';
import { frameMentions, outsideText, tokenSpans } from '../rollout/completion-pieces.ts';
import { CompletionText, ShadeLegend } from '../rollout/completion-text.tsx';
import { FlagForm } from '../rollout/flag-form.tsx';
import { FlagList } from '../rollout/flag-list.tsx';
import { FrameCanvas } from '../rollout/frame-canvas.tsx';
import { FrameStrip, frameTitle } from '../rollout/frame-strip.tsx';
import { RewardSum } from '../rollout/reward-sum.tsx';
import { temporalReason } from '../rollout/temporal-reason.ts';
import { useFetched } from '../rollout/use-fetched.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Bar, PaneHead } from '../ui/heads.tsx';
import { shownLine, shownPieces } from '../ui/hostile-text.ts';
import { Icon } from '../ui/icons.tsx';
import { count, fixed } from '../ui/numbers.ts';
import { Pane, PaneBody } from '../ui/pane.tsx';
import { Segments } from '../ui/segments.tsx';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { purposeWords } from './group/group-view.tsx';
import type { Reading } from './reading.ts';
import styles from './rollout-view.module.css';

interface RolloutViewProps {
  readonly feed: RunFeed;
  readonly host: Host;
  readonly reading: Reading;
  readonly run: RunSummary;
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout;
  readonly flags: readonly Annotation[];
  /** Why nothing can be saved now; null when it can. */
  readonly refused: string | null;
  readonly onFlag: () => void;
  readonly onCopyLink: () => void;
}

/** The element that holds the answer's text, in which a person selects. */
export const rolloutTextId = 'rollout-text';

const stopWords = { stop: 'ended by itself', length: 'cut at the limit', aborted: 'aborted' } as const;

export function RolloutView(props: RolloutViewProps) {
  const { feed, host, reading, run, group, rollout, flags, refused } = props;
  const { frame, shaded, aha, flagging } = useStore(reading.state, (state) => state);
  const { question, media } = group;
  const frames = useFetched(feed, media.key, (key) => feed.frames(key));
  /* Asked for only when they are to be shown. */
  const tokens = useFetched(feed, shaded ? rollout.id : null, (rolloutId) =>
    feed.request('rollouts/tokens', { rolloutId }),
  );
  const picked = flagging?.span ?? null;
  const onFrame = (chosen: number) => reading.showFrame(chosen);
  useEffect(() => {
    if (!aha) return;
    const mark = document.getElementById(rolloutTextId)?.querySelector(`[data-aha="${aha.start}"]`);
    mark?.scrollIntoView({ block: 'center' });
  }, [aha]);
  const { think, answer, problems } = rollout.parsed;
  const hasEntropy = run.engine?.capabilities?.entropy !== false;
  const marks = useMemo(
    () => ({
      aha: rollout.aha,
      flags,
      mentions: frameMentions(rollout.text, media),
      tokens: tokens === null ? [] : tokenSpans(rollout.text, hasEntropy ? tokens : { ...tokens, entropy: [] }),
    }),
    [rollout, flags, media, tokens, hasEntropy],
  );
  const outside = think || answer ? outsideText(rollout.text, think, answer) : '';
  const body = think ?? (answer ? null : { start: 0, end: rollout.text.length });
  const beside = group.rollouts.filter(({ order }) => order !== rollout.order).length;
  const reason = temporalReason(rollout, group, run.parameters.correctThreshold);
  const form = flagging && (
    <FlagForm
      key={picked?.start}
      rolloutId={rollout.id}
      span={picked}
      quote={picked ? rollout.text.slice(picked.start, picked.end) : ''}
      refused={refused}
      onSave={(annotation) => reading.saveFlag(annotation)}
      onLeave={() => reading.stopFlagging()}
    />
  );
  const text = (within: Span) => (
    <CompletionText
      text={rollout.text}
      within={within}
      marks={marks}
      shaded={shaded}
      picked={picked}
      form={form}
      ahaShown={aha?.start ?? null}
      onFrame={onFrame}
    />
  );
  const formBelow = form !== null && (picked === null || (!contains(body, picked) && !contains(answer, picked)));
  return (
    <Pane name="rollout" label="Rollout">
      <PaneHead
        title="Rollout"
        meta={
          <>
            {rollout.order} {rollout.index + 1} of{' '}
            {group.rollouts.filter(({ order }) => order === rollout.order).length}, {purposeWords[group.purpose]} of
            step {group.step}
          </>
        }
        tools={
          <>
            <Tool icon="flag" label="Flag (x)" onPress={props.onFlag} />
            <Tool icon="link" label="Copy link (y)" onPress={props.onCopyLink} />
          </>
        }
      />
      <PaneBody id={rolloutTextId}>
        <div class={styles.question}>
          <figure>
            <FrameCanvas
              frames={frames}
              index={frame}
              label={frameTitle(media, frame)}
              width={media.width}
              height={media.height}
            />
            <figcaption>{frameTitle(media, frame)}</figcaption>
          </figure>
          <div>
            <p class={`${styles.problem} model-text`} data-part="problem">
              {shownPieces(question.problem).map((piece) => piece.shown)}
            </p>
            {question.options.length > 0 ? (
              <ol class={styles.options}>
                {question.options.map((option) => (
                  <li key={option} class="model-text">
                    {isSolution(option, question.solution) ? (
                      <Icon name="check" label="the solution" class={styles.tick} />
                    ) : (
                      <span class={styles.noTick} />
                    )}
                    {shownLine(option)}
                  </li>
                ))}
              </ol>
            ) : (
              <p class={`${styles.solution} model-text`}>
                <Icon name="check" label="the solution" class={styles.tick} /> {shownLine(question.solution)}
              </p>
            )}
            <p class={`dim ${styles.source}`}>
              {question.problemType} · {shownLine(question.path)}
              {media.kind === 'video'
                ? `, ${fixed(media.durationSeconds, 1)} s`
                : `, ${media.sourceWidth}×${media.sourceHeight}`}{' '}
              ·{' '}
              <button type="button" class="link" onClick={() => host.openFile(question.dataset, shownRow(question))}>
                dataset row {shownRow(question)}
              </button>
            </p>
          </div>
        </div>
        {media.kind === 'video' && (
          <FrameStrip
            media={media}
            frames={frames}
            order={rollout.order}
            shuffledCount={beside}
            selected={frame}
            onSelect={onFrame}
          />
        )}
        <Bar title={think ? 'Think' : 'Text'}>
          {shaded ? (
            <span class={styles.legend}>
              {tokens === null ? (
                'reading the tokens …'
              ) : (
                <FormulaLabel name="tokenProbability">probability of the token</FormulaLabel>
              )}{' '}
              <ShadeLegend />
            </span>
          ) : (
            <span class={styles.hint}>
              {rollout.aha.length > 0 && (
                <>
                  <kbd>a</kbd> next{' '}
                </>
              )}
              aha <ExplainedTier tier={2} /> <ExplainedTier tier={3} /> <ExplainedTier tier={4} />{' '}
              <ExplainedTier tier={5} />{' '}
              <span class="far cut">
                <FormulaLabel name="aha1">T1 is a cue the prompt asks for</FormulaLabel>
              </span>
            </span>
          )}
          <span class="grow" />
          <Segments label="Shade tokens (p)">
            <button type="button" aria-pressed={!shaded} onClick={() => reading.shade(false)}>
              Text
            </button>
            <button type="button" aria-pressed={shaded} onClick={() => reading.shade(true)}>
              Probability
            </button>
          </Segments>
        </Bar>
        {body && (
          <div class={`${styles.think} model-text`} data-part="think">
            {text(body)}
          </div>
        )}
        <div class={styles.answer} data-part="answer">
          <span class="dim">Answer</span>
          <b class={`model-text ${styles.answerText}`}>{answer ? text(answer) : 'none'}</b>
          <AnswerMark
            accuracy={rollout.accuracy}
            correct={rollout.correct}
            threshold={run.parameters.correctThreshold}
          />
          <span class="dim">
            solution <span class="model-text">{shownLine(question.solution, 200)}</span> ·{' '}
            <FormulaLabel name="tokens">{count(rollout.tokenCount, 'token')}</FormulaLabel> ·{' '}
            <FormulaLabel
              name="meanLogprob"
              worked={`exp(${fixed(rollout.meanLogprob, 3)}) = ${fixed(Math.exp(rollout.meanLogprob), 3)}: geometric mean of the tokens’ probabilities`}
            >
              log p {fixed(rollout.meanLogprob, 3)}
            </FormulaLabel>{' '}
            ·{' '}
            {hasEntropy ? (
              <FormulaLabel name="meanEntropy">entropy {fixed(rollout.meanEntropy, 3)}</FormulaLabel>
            ) : (
              `entropy: the engine ${run.engine?.name} gives none`
            )}{' '}
            · {stopWords[rollout.stopReason]}
            {problems.length > 0 && ` · ${problems.map((problem) => shownLine(problem)).join(' ')}`}
          </span>
        </div>
        {outside !== '' && (
          <p class={styles.answer}>
            <span class="dim">Outside the tags</span>
            <span class="model-text">{shownLine(outside, 2000)}</span>
          </p>
        )}
        {formBelow && <div class={styles.formBelow}>{form}</div>}
        <FlagList flags={flags} refused={refused} onRemove={(id) => reading.removeFlag(id)} />
        <RewardSum rollout={rollout} group={group} parameters={run.parameters} preset={run.preset} />
      </PaneBody>
      {reason && (
        <p class={styles.because}>
          <Icon name="clock" />
          <span>
            <b class="strong">{reason.title}</b> {reason.text}
          </span>
        </p>
      )}
    </Pane>
  );
}

function contains(outer: Span | null, inner: Span): boolean {
  return outer !== null && inner.start >= outer.start && inner.end <= outer.end;
}

/** Options are written with their letter; the solution is the letter alone, or the whole option. */
function isSolution(option: string, solution: string): boolean {
  return (
    option === solution || new RegExp(`^\\(?${solution.replace(/[^\p{L}\p{N}]/gu, '\\$&')}[).:\\s]`, 'u').test(option)
  );
}
