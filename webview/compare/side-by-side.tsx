/** One question in two runs: the same rows for both, the texts in one scroll, and where they may be compared word by word. */
import { useMemo } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { GroupWithRollouts, Rollout, RolloutTokens } from '../../trainer/protocol/records.ts';
import { tokenSpans } from '../../trainer/protocol/token-spans.ts';
import type { Host } from '../host.ts';
import { AnswerLine } from '../rollout/answer-line.tsx';
import { AskedQuestion } from '../rollout/asked-question.tsx';
import { CompletionText } from '../rollout/completion-text.tsx';
import { GroupChips } from '../rollout/group-chips.tsx';
import { RewardLine } from '../rollout/reward-line.tsx';
import { ShadeChoice, StepsLegend } from '../rollout/shade-bar.tsx';
import {
  entropyRefusal,
  movedShade,
  type PlainShade,
  plainRefusal,
  plainShadeNames,
  shadeOf,
} from '../rollout/shades.ts';
import { temporalReason } from '../rollout/temporal-reason.ts';
import { useFetched } from '../rollout/use-fetched.ts';
import { wordDiff } from '../rollout/word-diff.ts';
import { DiffSide, diffWords } from '../rollout/word-diff-view.tsx';
import type { RunFeed } from '../state/run-feed.ts';
import { Blank } from '../ui/blank.tsx';
import { Bar } from '../ui/heads.tsx';
import { Icon } from '../ui/icons.tsx';
import { useKeys } from '../ui/keys.ts';
import { Notice } from '../ui/notice.tsx';
import { Pane } from '../ui/pane.tsx';
import { useStore } from '../ui/store.ts';
import { RunDisc, type SideName } from './run-disc.tsx';
import { asIs, whatDiffers } from './same-asked.ts';
import styles from './side-by-side.module.css';

export interface ComparedSide {
  readonly feed: RunFeed;
  readonly groupId: string;
  /** The answer that is read; null for that of the place that both share. */
  readonly rolloutId: string | null;
}

/** As they are, shaded by what is known of their tokens, or word against word. */
export type ShownAs = PlainShade | 'diff';

interface SideBySideProps {
  readonly first: ComparedSide;
  readonly second: ComparedSide;
  readonly host: Host;
  readonly shown: ShownAs;
  /** Why the two are of other steps; null where they are not. */
  readonly stepNotice: string | null;
  readonly onShow: (as: ShownAs) => void;
  readonly onSelect: (side: SideName, rolloutId: string) => void;
  readonly onOpen: (side: SideName) => void;
}

export function SideBySide(props: SideBySideProps) {
  const { first, second, host, shown, stepNotice, onShow } = props;
  const a = useFetched(first.feed, `${first.feed.id} ${first.groupId}`, () => first.feed.group(first.groupId));
  const b = useFetched(second.feed, `${second.feed.id} ${second.groupId}`, () => second.feed.group(second.groupId));
  const left = a && answerOf(a, first.rolloutId);
  const right = b && answerOf(b, second.rolloutId);
  const unlike = a && b ? whatDiffers(a, b) : null;
  const asDiff = shown === 'diff' && unlike === null;
  const diff = useMemo(() => (left && right && asDiff ? wordDiff(left.text, right.text) : null), [left, right, asDiff]);
  const shade = shown === 'diff' ? 'text' : shown;
  const tokens = [useTokens(first.feed, left, shade), useTokens(second.feed, right, shade)] as const;
  /* What one of the two lacks is said where its text stands. */
  const refusalOf = (name: PlainShade): string | null => {
    const [one, other] = tokens.map((held) => plainRefusal(name, held.tokens, held.noEntropy));
    return one && other ? one : null;
  };
  const moveShade = (by: 1 | -1) => onShow(movedShade(shade, by, refusalOf, plainShadeNames));
  useKeys({ p: () => moveShade(1), P: () => moveShade(-1) });
  const { question } = a ?? b ?? {};
  if (!a || !b || !question) {
    return (
      <Pane name="answers" label="Answers side by side">
        <Blank status>
          <p class="strong">Reading the two answers</p>
          <progress />
        </Blank>
      </Pane>
    );
  }
  const column = (side: SideName, group: GroupWithRollouts, rollout: Rollout | null) => ({
    ...{ side, group, rollout, host },
    feed: side === 'first' ? first.feed : second.feed,
    runs: diff && (side === 'first' ? diff.first : diff.second),
    shade,
    tokens: tokens[side === 'first' ? 0 : 1],
    onSelect: (rolloutId: string) => props.onSelect(side, rolloutId),
    onOpen: () => props.onOpen(side),
  });
  const columns = [column('first', a, left), column('second', b, right)];
  return (
    <Pane name="answers" label="Answers side by side">
      <div class={styles.question}>
        <AskedQuestion
          key={question.problem}
          question={question}
          media={a.media}
          feed={first.feed}
          onRow={() => host.openFile(question.dataset, question.fileRow ?? question.row + 1)}
        />
      </div>
      {unlike !== null && (
        <Notice kind="warning" title={unlike}>
          So their words are not compared.
        </Notice>
      )}
      {unlike === null && stepNotice !== null && <Notice kind="info" title={stepNotice} />}
      <Bar title="Answers side by side">
        {shade === 'text' ? (
          <span class="cut">
            {diff ? diffWords(diff) : unlike === null ? 'both saw the same frames' : 'they scroll together'}
          </span>
        ) : (
          <StepsLegend shade={shade} isRead={tokens.some((held) => held.tokens !== null)} />
        )}
        <span class="grow" />
        <ShadeChoice shade={asDiff ? null : shade} among={plainShadeNames} refusalOf={refusalOf} onShade={onShow}>
          <button
            type="button"
            aria-pressed={asDiff}
            disabled={unlike !== null}
            title={unlike ?? 'word by word (v)'}
            onClick={() => onShow('diff')}
          >
            Diff
          </button>
        </ShadeChoice>
      </Bar>
      <div class={styles.columns}>
        {columns.map((held) => (
          <Head key={held.side} {...held} />
        ))}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <section class={styles.texts} aria-label="Texts" tabIndex={0} data-part="texts">
        {columns.map((held) => (
          <div key={held.side} class={styles.text} data-side={held.side}>
            <Text {...held} />
          </div>
        ))}
      </section>
      <div class={styles.columns}>
        {columns.map((held) => (
          <Foot key={held.side} {...held} />
        ))}
      </div>
    </Pane>
  );
}

/** That with the id, or the first one on ordered frames. */
function answerOf({ rollouts }: GroupWithRollouts, rolloutId: string | null): Rollout | null {
  return rollouts.find(({ id }) => id === rolloutId) ?? rollouts.find(({ order }) => order === 'ordered') ?? null;
}

interface KnownTokens {
  /** Null while they are on their way, and while nothing is shaded. */
  readonly tokens: RolloutTokens | null;
  readonly noEntropy: string | null;
}

function useTokens(feed: RunFeed, rollout: Rollout | null, shade: PlainShade): KnownTokens {
  const noEntropy = useStore(feed.state, ({ view }) => entropyRefusal(view.run));
  const wanted = rollout === null || shade === 'text' ? null : rollout.id;
  const tokens = useFetched(feed, wanted, (rolloutId) => feed.request('rollouts/tokens', { rolloutId }));
  return { tokens, noEntropy };
}

interface ColumnProps {
  readonly side: SideName;
  readonly feed: RunFeed;
  readonly host: Host;
  readonly group: GroupWithRollouts;
  readonly rollout: Rollout | null;
  readonly runs: Parameters<typeof DiffSide>[0]['runs'] | null;
  readonly shade: PlainShade;
  readonly tokens: KnownTokens;
  readonly onSelect: (rolloutId: string) => void;
  readonly onOpen: () => void;
}

function Head({ side, feed, group, rollout, onSelect, onOpen }: ColumnProps) {
  const threshold = useStore(feed.state, ({ view }) => view.run.parameters.correctThreshold);
  return (
    <div class={styles.head} data-side={side}>
      <h3 class={styles.run}>
        <RunDisc side={side} /> <b class="cut">{shownLine(feed.id)}</b>
        <span class="dim">step {group.step}</span>
      </h3>
      <GroupChips
        label={`Answers of the ${side}`}
        {...{ group, threshold, onSelect, onOpen }}
        selectedId={rollout?.id ?? null}
        open={false}
      />
    </div>
  );
}

function Text({ rollout, runs, shade, tokens: { tokens, noEntropy } }: ColumnProps) {
  const refusal = plainRefusal(shade, tokens, noEntropy);
  const isShaded = shade !== 'text' && tokens !== null && refusal === null;
  const marks = useMemo(
    () => rollout && asIs(rollout, isShaded ? tokenSpans(rollout.text, tokens.pieces) : []),
    [rollout, isShaded, tokens],
  );
  const stepOf = useMemo(() => (isShaded ? shadeOf(shade, tokens) : null), [isShaded, tokens, shade]);
  if (!rollout || !marks) return <p class="dim">The store has no answer of this group.</p>;
  if (runs) return <DiffSide text={rollout.text} runs={runs} />;
  const { think, answer } = rollout.parsed;
  const within = think ?? (answer ? null : { start: 0, end: rollout.text.length });
  return within ? (
    <>
      {refusal !== null && <p class="dim">{refusal}</p>}
      <div class={`${styles.completion} model-text`}>
        <CompletionText
          text={rollout.text}
          within={within}
          marks={marks}
          shade={stepOf}
          token={null}
          picked={null}
          form={null}
          ahaShown={null}
          hitShown={null}
          onFrame={() => {}}
        />
      </div>
    </>
  ) : (
    <p class="dim">No reasoning: the answer alone.</p>
  );
}

function Foot({ side, feed, group, rollout }: ColumnProps) {
  const run = useStore(feed.state, ({ view }) => view.run);
  if (!rollout) return <div class={styles.foot} data-side={side} />;
  const reason = temporalReason(rollout, group, run.parameters.correctThreshold);
  const isShuffledKnown = group.rollouts.some(({ order }) => order === 'shuffled');
  return (
    <div class={styles.foot} data-side={side}>
      <AnswerLine
        rollout={rollout}
        question={group.question}
        threshold={run.parameters.correctThreshold}
        noEntropy={entropyRefusal(run)}
      >
        {rollout.answer === '' ? 'none' : shownLine(rollout.answer, 200)}
      </AnswerLine>
      <RewardLine label={`Reward of the ${side}`} rollout={rollout} group={group} parameters={run.parameters} />
      <p class={styles.because} data-part="reason">
        <Icon name="clock" />
        <span>
          {!isShuffledKnown ? (
            <>
              <b class="strong">No temporal test:</b> this question was not asked on shuffled frames, so p̃ is not known.
            </>
          ) : reason ? (
            <>
              <b class="strong">{reason.title}</b> {reason.text}
            </>
          ) : (
            <b class="strong">No temporal reward in this group.</b>
          )}
        </span>
      </p>
    </div>
  );
}
