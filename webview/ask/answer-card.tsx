/** One answer as a card: the original in a line, an experiment dashed, one that is being written as far as it is. */
import { Fragment } from 'preact';
import { useMemo } from 'preact/hooks';
import type { ExperimentAnswer } from '../../trainer/protocol/ask.ts';
import { shownLine, shownText } from '../../trainer/protocol/hostile-text.ts';
import { type Rollout, stopWords } from '../../trainer/protocol/records.ts';
import type { Host } from '../host.ts';
import { AhaTier } from '../rollout/aha-tier.tsx';
import { AnswerMark } from '../rollout/answer-mark.tsx';
import { WeighedWord } from '../rollout/completion-text.tsx';
import { evidenceStep } from '../rollout/evidence/answer-evidence.ts';
import { signedNats } from '../rollout/evidence/word-marks.ts';
import { wordDiff } from '../rollout/word-diff.ts';
import { DiffInline } from '../rollout/word-diff-view.tsx';
import { count, fixed } from '../ui/numbers.ts';
import { Tool } from '../ui/tool.tsx';
import styles from './answer-card.module.css';

const longestShown = 4000;
const tierOf = (aha: readonly { readonly tier: number }[]): number => Math.max(0, ...aha.map(({ tier }) => tier));
/** Where `shown` leaves them their ends, texts keep their line breaks. */
const textOf = (text: string): string =>
  shownText(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text);

/** @param from where in its text the newest ask goes on */
export function OriginalCard({ rollout, threshold, from }: { rollout: Rollout; threshold: number; from: number }) {
  const { order, index, answer, accuracy, correct, aha, tokenCount, reward, orderWorth } = rollout;
  const worth = orderWorth ? ` · order ${fixed(orderWorth.worth, 1)}` : '';
  return (
    <article class={styles.original} aria-label="The original" data-part="original">
      <p class={styles.head}>
        <span class="dim">
          original, {order} {index + 1}
        </span>
        <b class="strong model-text">{answer === '' ? 'none' : shownLine(answer, 60)}</b>
        <AnswerMark {...{ accuracy, correct, threshold }} />
        {tierOf(aha) > 0 && <AhaTier tier={tierOf(aha)} />}
        <span class="grow" />
        <span class="dim">
          {count(tokenCount, 'token')} · reward {fixed(reward.total, 2)}
          {worth}
        </span>
      </p>
      <p class={`${styles.brief} model-text`}>
        {from > 0 && <span class="dim">from the cut: </span>}
        {shownLine(rollout.text.slice(from), 400)}
      </p>
    </article>
  );
}

/** How an answer is shown: its text, the same with what order is worth to its words, or its difference to the original. */
export type CardLook = 'text' | 'order' | 'diff';

interface AnswerCardProps {
  readonly name: string;
  readonly answer: ExperimentAnswer;
  readonly threshold: number;
  /** Of the answer that was asked again. */
  readonly originalText: string;
  /** What a person put before it. */
  readonly typed: string;
  readonly look: CardLook;
  readonly host: Host;
}

export function AnswerCard({ name, answer, threshold, originalText, typed, look, host }: AnswerCardProps) {
  const { text, from, accuracy, correct, aha, newTokens, meanLogprob, stopReason, commitments } = answer;
  const words = useMemo(() => (look === 'diff' ? wordDiff(originalText, text) : null), [look, originalText, text]);
  /* What was found in what was kept or typed is not the model's, nor is a change of mind that was begun for it. */
  const last = commitments.findLast(({ span }) => span.end > from);
  const tier = tierOf(aha.filter(({ span }) => span.start >= from));
  return (
    <article class={styles.card} aria-label={`Answer ${name}`} data-part="answer">
      <p class={styles.head}>
        <span class="dim">{name}</span>
        <b class="strong model-text">{answer.answer === '' ? 'none' : shownLine(answer.answer, 60)}</b>
        <AnswerMark {...{ accuracy, correct, threshold }} />
        {tier > 0 && <AhaTier tier={tier} />}
        <span class="grow" />
        <span class="dim" title="Tokens that the model wrote, and their mean log-probability in nats">
          {newTokens} new · {fixed(meanLogprob, 2)}
          {answer.order && ` · order ${fixed(answer.order.worth, 1)}`}
          {stopReason === 'stop' ? '' : ` · ${stopWords[stopReason]}`}
        </span>
        <Tool
          icon="document"
          label={`Open answer ${name} as a document`}
          onPress={() => host.openDocument(`answer ${name}.txt`, text)}
        />
      </p>
      {words && typed !== '' && (
        <p class={`${styles.text} model-text`}>
          <span class="dim">typed: </span>
          <Typed text={typed} />
        </p>
      )}
      {words ? (
        <DiffInline first={originalText} second={text} diff={words} />
      ) : (
        <p class={`${styles.text} model-text`}>
          <Typed text={typed} />
          {look === 'order' && answer.order?.words ? (
            <Weighed text={text} from={from} words={answer.order.words} />
          ) : (
            textOf(text.slice(from))
          )}
          {last && <span class={styles.commits}>commits to {shownLine(last.answer, 30)}</span>}
        </p>
      )}
    </article>
  );
}

const Typed = ({ text }: { text: string }) => (text === '' ? null : <span class={styles.typed}>{textOf(text)}</span>);

interface WeighedProps {
  readonly text: string;
  readonly from: number;
  readonly words: NonNullable<NonNullable<ExperimentAnswer['order']>['words']>;
}

/** As far as the plain text is shown. */
function Weighed({ text, from, words }: WeighedProps) {
  const end = Math.min(text.length, from + longestShown);
  const within = words.filter(({ span }) => span.start >= from && span.end <= end);
  const last = within.at(-1)?.span.end ?? from;
  return (
    <>
      {within.map(({ span, worth }, i) => {
        const word = shownText(text.slice(span.start, span.end));
        return (
          <Fragment key={span.start}>
            {shownText(text.slice(within[i - 1]?.span.end ?? from, span.start))}
            <WeighedWord
              step={evidenceStep(Math.abs(worth))}
              hue={worth < 0 ? 'against' : 'order'}
              said={`order ${signedNats(worth)} nats`}
            >
              {word}
            </WeighedWord>
          </Fragment>
        );
      })}
      {shownText(text.slice(last, end))}
      {end < text.length && '…'}
    </>
  );
}

interface WritingCardProps {
  readonly name: string;
  readonly text: string;
  readonly typed: string;
  readonly tokens: number;
}

export function WritingCard({ name, text, typed, tokens }: WritingCardProps) {
  return (
    <article class={styles.card} aria-label={`Answer ${name}, being written`} data-part="writing">
      <p class={styles.head}>
        <span class="dim">{name} writing</span>
        <span class="grow" />
        <span class="dim">{tokens} new</span>
      </p>
      <p class={`${styles.text} model-text dim`}>
        <Typed text={typed} />
        {textOf(text)}
      </p>
    </article>
  );
}
