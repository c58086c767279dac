/** Two answers of a question: their texts word by word, what the change amounts to, and what happened to the run in between. */
import { useMemo } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { HistoryAnswer, HistoryGroup } from '../../trainer/protocol/questions.ts';
import type { GroupWithRollouts, Rollout } from '../../trainer/protocol/records.ts';
import { AhaTier } from '../rollout/aha-tier.tsx';
import { AnswerMark } from '../rollout/answer-mark.tsx';
import { useFetched } from '../rollout/use-fetched.ts';
import { wordDiff } from '../rollout/word-diff.ts';
import { DiffInline, DiffSide, diffWords } from '../rollout/word-diff-view.tsx';
import type { RunFeed } from '../state/run-feed.ts';
import { PaneHead, Section } from '../ui/heads.tsx';
import { fixed, signed } from '../ui/numbers.ts';
import { Pane } from '../ui/pane.tsx';
import { Segments } from '../ui/segments.tsx';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { happenings } from './between.ts';
import styles from './two-answers.module.css';

/** An answer with the group that it is of. */
export interface Placed {
  readonly group: HistoryGroup;
  readonly answer: HistoryAnswer;
}

export type DiffLayout = 'beside' | 'inline';

interface TwoAnswersProps {
  readonly feed: RunFeed;
  readonly first: Placed;
  readonly second: Placed;
  readonly layout: DiffLayout;
  readonly onLayout: (layout: DiffLayout) => void;
  readonly onSwap: () => void;
}

const rolloutOf = (group: GroupWithRollouts | null, { answer }: Placed): Rollout | null =>
  group?.rollouts.find(({ id }) => id === answer.rolloutId) ?? null;

export function TwoAnswers({ feed, first, second, layout, onLayout, onSwap }: TwoAnswersProps) {
  const a = rolloutOf(
    useFetched(feed, first.group.groupId, (id) => feed.group(id)),
    first,
  );
  const b = rolloutOf(
    useFetched(feed, second.group.groupId, (id) => feed.group(id)),
    second,
  );
  const threshold = useStore(feed.state, ({ view }) => view.run.parameters.correctThreshold);
  const diff = useMemo(() => (a && b ? wordDiff(a.text, b.text) : null), [a, b]);
  const isSame = first.answer.rolloutId === second.answer.rolloutId;
  return (
    <Pane name="diff" label="Word by word">
      <PaneHead
        title="Word diff"
        meta={
          isSame
            ? 'the same answer at both places: choose another cell with 1 or 2'
            : diff
              ? diffWords(diff)
              : a && b
                ? 'too long and too unlike to be compared word by word'
                : 'reading the two answers'
        }
        tools={
          <>
            <Segments label="Layout of the diff">
              <button type="button" aria-pressed={layout === 'beside'} onClick={() => onLayout('beside')}>
                Side by side
              </button>
              <button type="button" aria-pressed={layout === 'inline'} onClick={() => onLayout('inline')}>
                Inline
              </button>
            </Segments>
            <Tool icon="swap" label="Swap the two (x)" onPress={onSwap} />
          </>
        }
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <section class={styles.body} aria-label="Texts" tabIndex={0}>
        <div class={`${styles.texts} ${layout === 'inline' ? styles.inline : ''}`} data-part="diff">
          <Head badge="1" placed={first} threshold={threshold} />
          <Head badge="2" placed={second} threshold={threshold} />
          {a && b && layout === 'inline' && diff && (
            <div class={styles.whole}>
              <DiffInline first={a.text} second={b.text} diff={diff} />
            </div>
          )}
          {a && b && (layout === 'beside' || !diff) && (
            <>
              <DiffSide text={a.text} runs={diff?.first ?? [whole(a.text)]} />
              <DiffSide text={b.text} runs={diff?.second ?? [whole(b.text)]} />
            </>
          )}
        </div>
      </section>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <section class={styles.foot} aria-label="From the first to the second" tabIndex={0}>
        <Amounts first={first} second={second} threshold={threshold} />
        <Between feed={feed} first={first.group} second={second.group} />
      </section>
    </Pane>
  );
}

const whole = (text: string) => ({ kind: 'same' as const, from: 0, start: 0, end: text.length });

function Head({ badge, placed, threshold }: { badge: string; placed: Placed; threshold: number }) {
  const { group, answer } = placed;
  return (
    <h3 class={styles.head}>
      <span class={styles.badge}>{badge}</span>
      step {group.step}
      {group.superseded !== null && ' (superseded)'}, {answer.order} {answer.index + 1}
      <b class="cut model-text">{answer.answer === '' ? 'none' : shownLine(answer.answer, 60)}</b>
      <AnswerMark accuracy={answer.accuracy} correct={answer.correct} threshold={threshold} />
    </h3>
  );
}

function Amounts({ first, second, threshold }: { first: Placed; second: Placed; threshold: number }) {
  const [a, b] = [first.answer, second.answer];
  const change = (one: number | null, other: number | null, decimals: number) =>
    one === null || other === null ? '–' : signed(other - one, decimals);
  const numbers = (name: string, of: (answer: HistoryAnswer) => number | null, decimals: number, write = fixed) => (
    <tr>
      <td>{name}</td>
      <td class="num">{write(of(a), decimals)}</td>
      <td class="num">{write(of(b), decimals)}</td>
      <td class="num">{change(of(a), of(b), decimals)}</td>
    </tr>
  );
  return (
    <section aria-label="What it amounts to">
      <Section title="What it amounts to" />
      <table class={styles.table} data-part="amounts">
        <thead>
          <tr>
            <td />
            <th class="num">
              <span class={styles.badge}>1</span> step {first.group.step}
            </th>
            <th class="num">
              <span class={styles.badge}>2</span> step {second.group.step}
            </th>
            <th class="num">change</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <td>answer</td>
            {[a, b].map((answer, place) => (
              <td key={place} class="num">
                <span class={styles.answer}>
                  <span class="cut model-text">{answer.answer === '' ? 'none' : shownLine(answer.answer, 24)}</span>
                  <AnswerMark accuracy={answer.accuracy} correct={answer.correct} threshold={threshold} />
                </span>
              </td>
            ))}
            <td class="num">{a.answer === b.answer ? 'the same' : ''}</td>
          </tr>
          {numbers('accuracy', ({ accuracy }) => accuracy, 2)}
          {numbers('reward', ({ reward }) => reward, 2)}
          {numbers('advantage', ({ advantage }) => advantage, 2, signed)}
          {numbers('tokens', ({ tokenCount }) => tokenCount, 0)}
          <tr>
            <td>aha</td>
            <td class="num">{a.tier > 0 ? <AhaTier tier={a.tier} /> : '–'}</td>
            <td class="num">{b.tier > 0 ? <AhaTier tier={b.tier} /> : '–'}</td>
            <td />
          </tr>
        </tbody>
      </table>
    </section>
  );
}

function Between({ feed, first, second }: { feed: RunFeed; first: HistoryGroup; second: HistoryGroup }) {
  const view = useStore(feed.state, (state) => state.view);
  const read = useStore(feed.state, ({ loaded }) => loaded.has('commands') && loaded.has('notices'));
  const found = happenings(view, first, second);
  return (
    <section class={styles.between} aria-label="Between the two">
      <Section title="Between the two" meta="what happened to the run" />
      {found.length === 0 && (
        <p class={`${styles.none} dim`}>
          {!read ? 'reading' : first.groupId === second.groupId ? 'Both are of one group.' : 'Nothing but training.'}
        </p>
      )}
      <table class={styles.table} data-part="between">
        <tbody>
          {found.map(({ step, what, detail }, index) => (
            <tr key={index}>
              <td class="num">{step ?? '–'}</td>
              <td>{what}</td>
              <td class={`${styles.detail} dim`} title={detail}>
                {detail}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
