/** All that was asked beside one answer: shares right against the group, the original, then the answers of each ask, the newest first. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Experiment, ExperimentAnswer } from '../../trainer/protocol/ask.ts';
import {
  type AskedOriginal,
  askTitle,
  firstNumber,
  isOtherSolution,
  otherSolutionSentence,
  soFar,
  soFarSentence,
  weightsWords,
} from '../../trainer/protocol/ask-words.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Host } from '../host.ts';
import { EvidenceLegend } from '../rollout/evidence/evidence-legend.tsx';
import type { RunFeed } from '../state/run-feed.ts';
import { PaneHead } from '../ui/heads.tsx';
import { Icon } from '../ui/icons.tsx';
import { count } from '../ui/numbers.ts';
import { Pane } from '../ui/pane.tsx';
import { Segments } from '../ui/segments.tsx';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { AnswerCard, type CardLook, OriginalCard, WritingCard } from './answer-card.tsx';
import styles from './answers-pane.module.css';
import type { Asking, UnderWay } from './asking.ts';
import { cutOf, originalOf } from './draft.ts';
import { AskRows, rightOf, Share } from './share-rows.tsx';

interface AnswersPaneProps {
  readonly feed: RunFeed;
  readonly host: Host;
  readonly asking: Asking;
  readonly look: CardLook;
  /** Number of the ask that a link names; 0 for none. */
  readonly shown: number;
  readonly onLook: (look: CardLook) => void;
}

const looks = [
  ['text', 'Text'],
  ['order', 'Order'],
  ['diff', 'Diff'],
] as const satisfies readonly (readonly [CardLook, string])[];

const hasWords = ({ parts }: Experiment): boolean =>
  parts.some(({ answers }) => answers.some(({ order }) => order?.words));

/** What is changed, without who else was asked. */
const changedTitle = (ask: Experiment['ask'], of: AskedOriginal) => askTitle({ ...ask, also: [] }, of);

export function AnswersPane({ feed, host, asking, look, shown, onLook }: AnswersPaneProps) {
  const { experiments, underWay, original } = useStore(asking.state, (held) => held);
  const threshold = useStore(feed.state, ({ view }) => view.run.parameters.correctThreshold);
  const { group, rollout } = original;
  const [isAsked, setAsked] = useState(false);
  useEffect(() => {
    if (underWay) setAsked(true);
  }, [underWay]);
  const of = originalOf(feed.id, original);
  const own = group.rollouts.filter(({ order }) => order === rollout.order);
  const asks = experiments ?? [];
  const answers = asks.flatMap(({ parts }) => parts).reduce((sum, part) => sum + part.answers.length, 0);
  const hasOrder = asks.some(hasWords);
  const newest = asks.at(-1);
  /* Until something is asked here. */
  const named = isAsked ? null : (asks.find(({ number }) => number === shown) ?? null);
  const given = underWay ? underWay.ask : newest?.ask;
  const newestWords = ({ ask, parts }: Experiment): string => {
    const [asked, title] = [rightOf(parts[0]?.answers ?? []), changedTitle(ask, of)];
    if (isOtherSolution(ask, of)) return otherSolutionSentence(asked, title);
    return soFarSentence(soFar(asked, rightOf(own)), title, `the group’s ${rollout.order} answers`);
  };
  const from = given ? (given.keep === null ? 0 : cutOf(rollout.text, cutTokens(original, given.keep)).end) : 0;
  return (
    <Pane name="answers" label="Answers">
      <PaneHead
        title="Answers"
        meta={
          experiments === null
            ? 'reading'
            : `${answers} in ${count(asks.length, 'ask')}${underWay ? ', 1 under way' : ''}`
        }
        tools={
          <Segments label="How answers are shown">
            {looks.map(([name, label]) => {
              const why =
                name === 'order' && !hasOrder
                  ? 'no answer here was weighed word by word: Weigh stands beside an ask'
                  : null;
              return (
                <button
                  key={name}
                  type="button"
                  aria-pressed={look === name}
                  aria-disabled={why === null ? undefined : 'true'}
                  title={why ?? undefined}
                  onClick={() => {
                    if (why === null) onLook(name);
                  }}
                >
                  {label}
                </button>
              );
            })}
          </Segments>
        }
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <section class={styles.body} aria-label="What was answered" tabIndex={0}>
        <table class={styles.shares} data-part="shares">
          <thead>
            <tr>
              <th class="num">ask</th>
              <th>changed</th>
              <th>right</th>
              <td />
            </tr>
          </thead>
          <tbody>
            <Share
              number="–"
              words={`nothing: ${own.length === 1 ? 'the one' : `the ${own.length}`} ${rollout.order} of the group`}
              right={rightOf(own)}
            />
            {asks.map((experiment) => (
              <AskRows
                key={experiment.id}
                {...{ experiment }}
                runId={feed.id}
                title={changedTitle(experiment.ask, of)}
                strong={experiment === newest}
              />
            ))}
          </tbody>
        </table>
        <OriginalCard {...{ rollout, threshold }} from={from} />
        {look === 'order' && hasOrder && (
          <p class={styles.note} data-part="legend">
            What the order of the frames is worth to a word: <EvidenceLegend shade="order" />
          </p>
        )}
        {underWay && <Live {...{ underWay, threshold, original, look, host }} title={askTitle(underWay.ask, of)} />}
        {[...asks].reverse().map((experiment) => (
          <Asked
            key={experiment.id}
            {...{ experiment, threshold, look, host, asking }}
            runId={feed.id}
            originalText={rollout.text}
            title={askTitle(experiment.ask, of)}
            open={!underWay && (named ? experiment === named : experiment === newest)}
            named={experiment === named}
          />
        ))}
      </section>
      <p class={styles.soFar} data-part="so-far" role="status">
        <Icon name="info" />
        <span>
          <b class="strong">So far:</b>{' '}
          {newest ? shownLine(newestWords(newest)) : 'nothing was asked beside this answer yet.'}
        </span>
      </p>
    </Pane>
  );
}

/** The original as if only so many of its tokens were there: where they end is found by the text itself. */
function cutTokens(original: ReturnType<Asking['state']['get']>['original'], keep: number) {
  const { tokens, rollout } = original;
  if (!tokens?.ids) return { rollout, tokens };
  return { rollout, tokens: { ...tokens, ids: tokens.ids.slice(0, keep), pieces: tokens.pieces.slice(0, keep) } };
}

interface AskedProps {
  readonly experiment: Experiment;
  readonly title: string;
  readonly runId: string;
  readonly originalText: string;
  readonly threshold: number;
  readonly look: CardLook;
  readonly open: boolean;
  /** A link leads to it. */
  readonly named: boolean;
  readonly host: Host;
  readonly asking: Asking;
}

function Asked({ experiment, title, runId, originalText, threshold, look, open, named, host, asking }: AskedProps) {
  const { id, number, parts, original, seed, shown } = experiment;
  const weighing = useStore(asking.state, (held) => held.weighing);
  const noOrder = shown === null || shown.order.length < 2;
  const [chosen, choose] = useState<boolean | null>(null);
  const isOpen = chosen ?? open;
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    if (named) section.current?.scrollIntoView({ block: 'start' });
  }, [named]);
  const answers = parts.flatMap((part) => part.answers);
  const { right, total } = rightOf(answers);
  const brief = answers.map(({ answer }) => (answer === '' ? 'none' : shownLine(answer, 12))).join(', ');
  return (
    <section ref={section} class={styles.ask} aria-label={`Ask ${number}`} data-part="ask">
      <div class={styles.head}>
        <button type="button" aria-expanded={isOpen} onClick={() => choose(!isOpen)}>
          <Icon name={isOpen ? 'down' : 'chevron'} />
          <b class={styles.title}>Ask {number}</b>
          <span class="cut">{isOpen ? `${right} of ${total} right` : `${shownLine(title, 100)}: ${brief}`}</span>
        </button>
        {isOpen && <span class="dim">seed {seed}</span>}
        {isOpen && answers.some(({ order }) => !order?.words) && (
          <Tool
            text={weighing === id ? 'Weighing' : 'Weigh'}
            label={`Weigh ask ${number}: what the order of the frames is worth to its answers`}
            refused={noOrder ? 'fewer than two frames were shown' : weighing === null ? null : 'one is weighed already'}
            onPress={() => void asking.weigh(id)}
          />
        )}
        {isOpen && (
          <Tool
            icon="changed"
            label={`Change from ask ${number}: put what it asked back on the left`}
            onPress={() => asking.changeFrom(experiment)}
          />
        )}
        {isOpen && <Tool icon="cross" label={`Take ask ${number} away`} onPress={() => void asking.remove(id)} />}
      </div>
      {isOpen && original && original.text !== originalText && (
        <p class={styles.note}>It was asked beside an earlier answer, before the run went back.</p>
      )}
      {isOpen &&
        parts.map((part, i) => (
          <div key={i} class={styles.cards}>
            {(parts.length > 1 || !part.weights.same) && (
              <p class={styles.weights}>
                {weightsWords(part.weights, runId)}
                {part.weights.same ? ': those that answered' : ': not those that answered'}
              </p>
            )}
            {part.without && <p class={styles.note}>{shownLine(part.without)}</p>}
            {part.answers.map((answer, k) => (
              <AnswerCard
                key={answer.index}
                name={`${number}.${firstNumber(parts, i) + k}`}
                {...{ answer, threshold, look, host }}
                typed={experiment.ask.typed}
                originalText={original?.text ?? originalText}
              />
            ))}
          </div>
        ))}
    </section>
  );
}

interface LiveProps {
  readonly underWay: UnderWay;
  readonly title: string;
  readonly threshold: number;
  readonly original: ReturnType<Asking['state']['get']>['original'];
  readonly look: CardLook;
  readonly host: Host;
}

function Live({ underWay, title, threshold, original, look, host }: LiveProps) {
  const answered: readonly { readonly part: number; readonly answer: ExperimentAnswer }[] = underWay.answered;
  const writing = underWay.progress?.writing ?? [];
  return (
    <section class={styles.ask} aria-label="Under way" data-part="under-way">
      <div class={styles.head}>
        <b class={styles.title}>Now</b>
        <span class="cut">{shownLine(title, 200)}</span>
      </div>
      <div class={styles.cards}>
        {answered.map(({ part, answer }) => (
          <AnswerCard
            key={`${part}.${answer.index}`}
            name={String(part * underWay.ask.n + answer.index + 1)}
            {...{ answer, threshold, look, host }}
            typed={underWay.ask.typed}
            originalText={original.rollout.text}
          />
        ))}
        {writing.map(({ part, index, text, tokens }) => (
          <WritingCard
            key={`${part}.${index}`}
            name={String(part * underWay.ask.n + index + 1)}
            {...{ text, tokens }}
            typed={underWay.ask.typed}
          />
        ))}
      </div>
    </section>
  );
}
