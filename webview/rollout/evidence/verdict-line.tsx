/**
 * The first line of an answer: what it stood on, in one sentence whose words are buttons; or what it would take to find out, how far
 * that is, and why it can't be.
 */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { nats, verdictSentence, worthText } from '../../../trainer/evidence/verdict.ts';
import type { WeighingCost } from '../../../trainer/protocol/evidence.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import { Icon, type IconName } from '../../ui/icons.tsx';
import { count, elapsed, fixed } from '../../ui/numbers.ts';
import { useStore } from '../../ui/store.ts';
import { Button } from '../../ui/toolkit.tsx';
import { type AnswerEvidence, namedWords } from './answer-evidence.ts';
import type { EvidenceModel, EvidenceState, WeighingUnderWay } from './evidence-model.ts';
import styles from './verdict-line.module.css';
import { signedNats } from './word-marks.ts';

interface VerdictLineProps {
  readonly model: EvidenceModel;
  /** Null where it was not weighed, and until that is known. */
  readonly evidence: AnswerEvidence | null;
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly refused: string | null;
  /** Changes with what decides whether and by which weights it can be weighed. */
  readonly standing: string;
  /** A word was chosen, by where it begins. */
  readonly onWord: (start: number) => void;
  /** Pauses the run that computes, which is why it can't be weighed; null where it can't be paused. */
  readonly pause?: (() => void) | null;
  /** The page's keys act on it: they stand on its buttons. */
  readonly hasKeys?: boolean;
}

export function VerdictLine(props: VerdictLineProps) {
  const { model, evidence, refused, standing, hasKeys = false, pause = null } = props;
  const state = useStore(model.state, (held) => held);
  const underWay = state.item && state.underWay.get(state.item.rolloutId);
  useEffect(() => void (refused === null && !model.state.get().isRead && model.readAgain()), [refused, model]);
  useEffect(() => void (refused === null && model.readCost()), [refused, standing, model]);
  if (underWay) return <UnderWay {...{ model, underWay, hasKeys }} passes={state.cost?.passes ?? null} />;
  if (evidence) return <Verdict {...props} evidence={evidence} {...{ state }} />;
  if (state.weighing) return <Line icon="scale">Its tokens are being read.</Line>;
  return <Unweighed {...{ model, state, refused, hasKeys, pause }} />;
}

function Line({
  icon,
  isGrave,
  isStatus,
  title,
  tools,
  children,
}: {
  readonly icon: IconName;
  readonly isGrave?: boolean;
  readonly isStatus?: boolean;
  readonly title?: string | undefined;
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}) {
  return (
    <div class={styles.weigh} data-part="verdict">
      <div class={styles.line} title={title}>
        <Icon name={icon} class={isGrave ? styles.grave : undefined} />
        <p class={styles.said} role={isStatus ? 'status' : undefined}>
          {children}
        </p>
        {tools}
      </div>
    </div>
  );
}

function Unweighed({
  model,
  state,
  refused,
  hasKeys,
  pause,
}: Pick<VerdictLineProps, 'model' | 'refused' | 'hasKeys' | 'pause'> & { state: EvidenceState }) {
  const { cost, isRead } = state;
  const why = refused ?? cost?.refusal ?? null;
  if (why !== null && cost?.by === null && refused === null)
    return (
      <Line
        icon="info"
        tools={
          pause && (
            <Button title="At its next safe point; it can go on from there" onPress={pause}>
              Pause
            </Button>
          )
        }
      >
        <b class="strong">It can’t be weighed now:</b> {shownLine(why, 400)}
      </Line>
    );
  return (
    <Line
      icon="scale"
      tools={
        <Button primary disabled={why !== null || !isRead || cost === null} onPress={() => void model.weigh()}>
          Weigh
          {hasKeys && (
            <>
              &nbsp;<kbd>w</kbd>
            </>
          )}
        </Button>
      }
    >
      What did this answer stand on?{' '}
      <span class="dim">
        {why !== null ? `It can’t be weighed now: ${shownLine(why, 400)}` : cost === null ? '' : costWords(cost, state)}
      </span>
    </Line>
  );
}

/** `about 0.3 s, 9 forward passes`, and whose weights would do it where they are others. */
function costWords({ ms, passes, by }: WeighingCost, { item }: EvidenceState): string {
  const time = ms === null ? '' : `about ${elapsed(Math.max(ms, 100))}, `;
  const others =
    by === null || by.same ? '' : `; by the weights of step ${by.step}, not those of ${item?.answeredBy} that answered`;
  return `${time}${count(passes, 'forward pass').replace(/s$/, passes === 1 ? '' : 'es')}${others}`;
}

function UnderWay({
  model,
  underWay: { progress },
  passes,
  hasKeys,
}: Pick<VerdictLineProps, 'model' | 'hasKeys'> & { underWay: WeighingUnderWay; passes: number | null }) {
  const left = progress?.leftMs ?? null;
  return (
    <Line
      icon="scale"
      isStatus
      tools={
        <Button onPress={() => model.cancel()}>
          Stop
          {hasKeys && (
            <>
              &nbsp;<kbd>Esc</kbd>
            </>
          )}
        </Button>
      }
    >
      <b class="strong">Weighing:</b>{' '}
      {progress?.doing ?? (passes === null ? 'it is scored again' : `${passes} forward passes`)}
      {left !== null && left > 0 && `, about ${elapsed(left)} left`}
      <progress aria-label="Weighing" />
    </Line>
  );
}

/** Weights to which a token is less likely by less than this, in nats, tell nothing else of an answer. */
const alike = 0.05;

function Verdict({
  model,
  evidence,
  state,
  refused,
  onWord,
  hasKeys = false,
}: VerdictLineProps & { readonly evidence: AnswerEvidence; readonly state: EvidenceState }) {
  const { weighing, verdict, reversed, blind } = evidence;
  const { by, lessLikely } = weighing;
  const { item, cost, picked } = state;
  const kinds = (
    <span class={styles.kinds}>
      {reversed !== null && (
        <FormulaLabel name="reversedDelta" worked={`Σ_t Δ_t = ${nats(reversed)} nats`}>
          reversed {nats(reversed)}
        </FormulaLabel>
      )}
      {blind !== null && (
        <FormulaLabel name="blindDelta" worked={`Σ_t Δ_t = ${nats(blind)} nats`}>
          blind {nats(blind)}
        </FormulaLabel>
      )}
    </span>
  );
  const words = namedWords(evidence).map(({ word, worth }) => (
    <span key={word.span.start} class={styles.word}>
      <button
        type="button"
        class={`${styles.pick} model-text`}
        aria-pressed={picked?.kind === 'word' && picked.start === word.span.start}
        onClick={() => onWord(word.span.start)}
      >
        {shownLine(word.text, 30)}
      </button>{' '}
      {signedNats(worth)}
    </span>
  ));
  const sentence = verdictSentence(verdict);
  const named = (
    <>
      <b class="strong">
        {'order' in verdict ? (
          <FormulaLabel name="orderWorth" worked={`worth ${worthText(verdict.order)}`}>
            {sentence}
          </FormulaLabel>
        ) : (
          sentence
        )}
      </b>{' '}
      {words}
    </>
  );
  const refusal = refused ?? cost?.refusal ?? null;
  if (by.same)
    return (
      <Line
        icon="scale"
        tools={
          <>
            {kinds}
            {weighing.forCredit && (
              <Button
                title={refusal === null ? 'More shuffles, and what frame pairs are worth' : shownLine(refusal, 300)}
                disabled={refusal !== null || cost === null}
                onPress={() => void model.weigh()}
              >
                Weigh
                {hasKeys && (
                  <>
                    &nbsp;<kbd>w</kbd>
                  </>
                )}
              </Button>
            )}
          </>
        }
      >
        {named}
      </Line>
    );
  if (Math.abs(lessLikely) < alike)
    return (
      <Line icon="scale" tools={kinds}>
        {named}{' '}
        <span class={styles.others} data-part="other-weights">
          By step {by.step}’s weights, to which it is as likely as to those that answered ({item?.answeredBy}).
        </span>
      </Line>
    );
  return (
    <Line
      icon="warning"
      isGrave
      title={refusal === null ? undefined : `Those that answered can’t be had: ${shownLine(refusal, 300)}`}
      tools={
        <>
          {kinds}
          {cost && cost.by !== null && refusal === null && (
            <Button onPress={() => void model.weigh()}>Load {item?.answeredBy}</Button>
          )}
        </>
      }
    >
      {named}{' '}
      <span class={styles.others} data-part="other-weights">
        By other weights than answered: step {by.step}, not {item?.answeredBy}; a token is{' '}
        {fixed(Math.abs(lessLikely), 2)} nats {lessLikely < 0 ? 'likelier' : 'less likely'} to them.
      </span>
    </Line>
  );
}
