/** Two runs, or two evaluations: left where they differ, most first, right one question answered by both. */

import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { nearestClause } from '../../trainer/protocol/nearest.ts';
import { projectName } from '../../trainer/protocol/place.ts';
import type { Evaluation } from '../../trainer/protocol/records.ts';
import { runLine } from '../../trainer/protocol/run-words.ts';
import type { Host } from '../host.ts';
import { copyLinkOf } from '../places/copy-link.ts';
import { useHistory } from '../rollout/use-history.ts';
import { BackLine } from '../run/back-line.tsx';
import { RunNotice } from '../run/run-notice.tsx';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { Blank } from '../ui/blank.tsx';
import { PaneHead } from '../ui/heads.tsx';
import { Icon } from '../ui/icons.tsx';
import { useKeys } from '../ui/keys.ts';
import { clock, fixed, grouped } from '../ui/numbers.ts';
import { Pane } from '../ui/pane.tsx';
import { Segments } from '../ui/segments.tsx';
import { type Store, useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { Dropdown } from '../ui/toolkit.tsx';
import styles from './compare.module.css';
import { Differences } from './differences.tsx';
import { caveats, EvaluationList, pairsOf, Slices, type Transition, TransitionTable } from './evaluation-list.tsx';
import { type ComparePlace, placeOfCompare } from './place.ts';
import { RunDisc, type SideName } from './run-disc.tsx';
import { Means, SharedList } from './shared-list.tsx';
import { type ShownAs, SideBySide } from './side-by-side.tsx';
import { type StepPair, stepPairs } from './step-pairs.ts';
import { useAsked } from './use-asked.ts';
import { useOtherRun } from './use-other-run.ts';
import { usePurpose } from './use-purpose.ts';
import { useShared } from './use-shared.ts';

interface CompareProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly host: Host;
  readonly place: Store<ComparePlace>;
  /** Where `Esc` leads, in words. */
  readonly back: string;
  readonly onBack: () => void;
  readonly onOpen: (runId: string, groupId: string, rolloutId: string) => void;
  readonly onAcross: (question: string) => void;
}

const keyRows = [
  ['j k', 'next and previous question'],
  ['[ ]', 'step before and after'],
  ['J K', 'next and previous answer in both'],
  ['v', 'the texts, or their word diff'],
  ['p P', 'next and previous shade of the tokens'],
  ['+', 'another run'],
  ['x', 'swap the two'],
  ['t', 'this question across steps'],
  ['g', 'open the group of the first run'],
  ['y', 'copy a link'],
  ['Esc', 'back'],
  ['?', 'these keys'],
] as const;

const otherRunId = 'compare-other-run';

export function Compare(props: CompareProps) {
  const { session, feed, host, place, back, onBack } = props;
  const shown = useStore(place, (held) => held);
  const runs = useStore(session.state, (state) => state.runs) ?? [];
  const method = useStore(feed.state, ({ view }) => view.run.method);
  useEffect(() => feed.need('evaluations'), [feed]);
  /* The likeliest: the newest other run, of the same method where there is one. */
  const others = runs.filter(({ id }) => id !== feed.id);
  const likeliest = others.find((run) => run.method === method) ?? others[0];
  const againstId = shown.againstRunId ?? likeliest?.id ?? feed.id;
  const other = useOtherRun(session, feed, againstId);
  const change = (to: Partial<ComparePlace>) => place.update((held) => ({ ...held, ...to }));
  const choose = (runId: string) => change({ againstRunId: runId, evaluationId: null, againstEvaluationId: null });
  const swap = () => {
    const held = place.get();
    if (againstId !== feed.id) session.choose(againstId);
    place.set({
      ...held,
      againstRunId: feed.id,
      groupId: null,
      evaluationId: held.againstEvaluationId,
      againstEvaluationId: held.evaluationId,
    });
  };
  const copyLink = () => {
    const { trainer } = feed.connection.state.get();
    const project = trainer && projectName(trainer.folder);
    const named = placeOfCompare({ ...shown, againstRunId: againstId });
    copyLinkOf(host, { project, place: { page: 'compare', runId: feed.id, ...named } }).catch((thrown: unknown) =>
      feed.fail(thrown),
    );
  };
  useKeys({
    x: swap,
    y: copyLink,
    '+': () => document.getElementById(otherRunId)?.querySelector<HTMLElement>('vscode-dropdown')?.focus(),
  });
  return (
    <>
      <BackLine {...{ session, feed, host, back, keyRows, onBack }} title="Compare">
        <span class="dim">with</span>
        <span id={otherRunId}>
          <Dropdown
            class={styles.picker}
            label="The other run (+)"
            value={againstId}
            choices={runs.map((run) => ({
              value: run.id,
              label: run.id === feed.id ? 'this run: its evaluations' : shownLine(runLine(run)),
            }))}
            onChoose={choose}
          />
        </span>
        <Tool icon="swap" label="Swap the two (x)" onPress={swap} />
      </BackLine>
      <RunNotice {...{ session, feed, host }} />
      <main class={styles.page}>
        {other ? (
          <Compared key={`${feed.id} ${other.id}`} {...props} {...{ other, change, shown }} />
        ) : (
          <Blank status>
            <p class="strong">
              {runs.some(({ id }) => id === againstId)
                ? 'Reading the other run'
                : `There is no run ${shownLine(againstId)}${nearestClause(
                    againstId,
                    runs.map(({ id }) => id),
                    shownLine,
                  )}.`}
            </p>
            <p class="dim">Choose another run with +.</p>
          </Blank>
        )}
      </main>
    </>
  );
}

interface ComparedProps extends CompareProps {
  readonly other: RunFeed;
  readonly shown: ComparePlace;
  readonly change: (to: Partial<ComparePlace>) => void;
}

function Compared(props: ComparedProps) {
  const { feed, other, shown, change } = props;
  const isSame = other === feed;
  const { purpose, setPurpose } = usePurpose(feed, other, shown, change);
  const named = useHistory(feed, shown.question === null && shown.groupId !== null ? { groupId: shown.groupId } : null);
  useEffect(() => {
    if (shown.question !== null || shown.groupId === null) return;
    if (named.history) change({ question: named.history.key, groupId: null });
    if (!named.fault) return;
    feed.fail(named.fault);
    change({ groupId: null });
  }, [named, shown]);
  const tabs = (
    <div class={styles.tabs}>
      <Segments label="What is compared">
        {(['train', 'probe', 'evaluation'] as const).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={purpose === name}
            disabled={isSame && name !== 'evaluation'}
            title={isSame && name !== 'evaluation' ? 'needs another run' : undefined}
            onClick={() => setPurpose(name)}
          >
            {{ train: 'Training', probe: 'Probes', evaluation: 'Evaluations' }[name]}
          </button>
        ))}
      </Segments>
    </div>
  );
  if (purpose === null)
    return (
      <Blank status>
        <p class="strong">Looking for questions that both runs were asked</p>
        <progress />
      </Blank>
    );
  return purpose === 'evaluation' ? (
    <Evaluations {...props} tabs={tabs} />
  ) : (
    <Training key={purpose} {...props} tabs={tabs} purpose={purpose} />
  );
}

interface TabProps extends ComparedProps {
  readonly tabs: JSX.Element;
}

// ---- training -------------------------------------------------------------------------------------------------------

function Training(props: TabProps & { purpose: 'train' | 'probe' }) {
  const { feed, other, shown, change, purpose, tabs, onAcross } = props;
  const { shared, questions, by, setBy, fault, more } = useShared(feed, other, purpose);
  const differences = useAsked(`${feed.id} ${other.id}`, () =>
    feed.connection.request('runs/differences', { runIds: [feed.id, other.id] }),
  );
  const key = shown.question ?? (shown.groupId === null ? (questions[0]?.key ?? null) : null);
  const of = key === null ? null : { question: key };
  const first = useHistory(feed, of);
  const second = useHistory(other, of);
  const at = questions.findIndex((question) => question.key === key);
  const move = (by: 1 | -1) => {
    const next = questions[at + by];
    if (next) change({ question: next.key, groupId: null });
    if (at + by >= questions.length - 1) more();
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    t: () => key !== null && onAcross(key),
  });
  const pairs =
    first.history && second.history && first.history.key === second.history.key
      ? stepPairs(first.history.groups, second.history.groups, purpose)
      : null;
  return (
    <>
      <Pane name="list" label="Questions in both" side>
        <PaneHead
          title="Questions in both"
          meta={
            shared
              ? `${grouped(shared.total)}${shared.atSameSteps === shared.total ? ', at the same steps' : `, ${grouped(shared.atSameSteps)} at the same steps`}`
              : fault
                ? ''
                : 'reading'
          }
        />
        {tabs}
        {fault && (
          <Blank status>
            <p class="strong">{shownLine(fault.message)}</p>
            {fault.remedy && <p class="dim">{shownLine(fault.remedy)}</p>}
          </Blank>
        )}
        {shared && <Means shared={shared} runs={[feed.id, other.id]} />}
        {differences.value && <Differences {...differences.value} />}
        {shared && shared.total === 0 && (
          <Blank status>
            <p class="strong">No question came up in {purpose === 'train' ? 'training' : 'probes'} of both runs.</p>
            <p class="dim">
              {grouped(shared.onlyIn.first)} only in {shownLine(feed.id)}, {grouped(shared.onlyIn.second)} only in{' '}
              {shownLine(other.id)}. A question is the same where its words, options, solution and the name of its video
              are.
            </p>
          </Blank>
        )}
        {shared && shared.total > 0 && (
          <SharedList
            {...{ shared, questions, by }}
            selected={Math.max(0, at)}
            onBy={setBy}
            onSelect={(question) => change({ question: question.key, groupId: null })}
            onMore={more}
          />
        )}
      </Pane>
      {pairs && pairs.length > 0 ? (
        <Answers key={key} {...props} pairs={pairs} />
      ) : (
        <Pane name="answers" label="Answers side by side">
          {of !== null && (
            <Blank status>
              <p class="strong">
                {second.fault || (pairs && pairs.length === 0)
                  ? `This question did not come up in ${purpose === 'train' ? 'training' : 'probes'} of ${shownLine(first.fault ? feed.id : other.id)}.`
                  : 'Reading the question'}
              </p>
              <p class="dim">
                {(second.fault || pairs) &&
                  (shared?.total === 0
                    ? 'The two have no question in common here: they ran on other datasets, or were asked for another purpose. Choose another run with +, or Training, Probes or Evaluations.'
                    : 'Choose another with j and k.')}
              </p>
            </Blank>
          )}
        </Pane>
      )}
    </>
  );
}

function Answers({ feed, other, host, pairs, onOpen }: ComparedProps & { pairs: readonly StepPair[] }) {
  const [place, setPlace] = useState(pairs.length - 1);
  const pair = pairs[Math.min(place, pairs.length - 1)] as StepPair;
  const ids = (side: SideName) => pair[side].answers.map(({ rolloutId }) => rolloutId);
  const otherStep =
    pair.first.step === pair.second.step
      ? null
      : `No step in common: the nearest are step ${pair.first.step} and step ${pair.second.step}.`;
  const step = (by: 1 | -1) => setPlace(Math.min(pairs.length - 1, Math.max(0, place + by)));
  useKeys({ '[': () => step(-1), ']': () => step(1) });
  return (
    <Both
      key={`${pair.first.groupId} ${pair.second.groupId}`}
      {...{ feed, other, host, onOpen }}
      groups={{ first: pair.first.groupId, second: pair.second.groupId }}
      answers={{ first: ids('first'), second: ids('second') }}
      stepNotice={otherStep}
    />
  );
}

interface BothProps extends Pick<ComparedProps, 'feed' | 'other' | 'host' | 'onOpen'> {
  readonly groups: Readonly<Record<SideName, string>>;
  /** Ids of the answers of each group, in their order. */
  readonly answers: Readonly<Record<SideName, readonly string[]>>;
  readonly stepNotice: string | null;
}

/** How texts are shown outlives the question. */
let wanted: ShownAs = 'text';

function Both({ feed, other, host, onOpen, groups, answers, stepNotice }: BothProps) {
  const [chosen, setChosen] = useState<Record<SideName, string | null>>({ first: null, second: null });
  const [shown, setShown] = useState(wanted);
  const show = (as: ShownAs) => {
    wanted = as;
    setShown(as);
  };
  const place = Math.max(0, answers.first.indexOf(chosen.first ?? ''));
  const moveAnswer = (by: 1 | -1) => {
    const next = place + by;
    const [first, second] = [answers.first[next], answers.second[next]];
    if (first !== undefined && second !== undefined) setChosen({ first, second });
  };
  const open = (side: SideName) => {
    const rolloutId = chosen[side] ?? answers[side][0];
    if (rolloutId !== undefined) onOpen(side === 'first' ? feed.id : other.id, groups[side], rolloutId);
  };
  useKeys({
    J: () => moveAnswer(1),
    K: () => moveAnswer(-1),
    v: () => show(shown === 'diff' ? 'text' : 'diff'),
    g: () => open('first'),
  });
  return (
    <SideBySide
      {...{ host, shown, stepNotice }}
      first={{ feed, groupId: groups.first, rolloutId: chosen.first }}
      second={{ feed: other, groupId: groups.second, rolloutId: chosen.second }}
      onShow={show}
      onSelect={(side, rolloutId) => setChosen((held) => ({ ...held, [side]: rolloutId }))}
      onOpen={open}
    />
  );
}

// ---- evaluations ----------------------------------------------------------------------------------------------------

/** The newest of each run; of one run its first and its last. @param evaluations newest first */
function evaluationOf(
  evaluations: readonly Evaluation[],
  wanted: string | null,
  isFirstOfSame: boolean,
): Evaluation | undefined {
  return evaluations.find(({ id }) => id === wanted) ?? (isFirstOfSame ? evaluations.at(-1) : evaluations[0]);
}

/** What to say of an evaluation that a link names and the run does not have. */
function unknownEvaluation(runId: string, wanted: string | null, evaluations: readonly Evaluation[]): string[] {
  if (wanted === null || evaluations.length === 0 || evaluations.some(({ id }) => id === wanted)) return [];
  return [`${shownLine(runId)} has no evaluation ${shownLine(wanted)}; another one is shown.`];
}

function Evaluations(props: TabProps) {
  const { feed, other, host, shown, change, tabs, onOpen, onAcross } = props;
  const own = useStore(feed.state, ({ view }) => view.evaluations);
  const others = useStore(other.state, ({ view }) => view.evaluations);
  const read =
    useStore(feed.state, ({ loaded }) => loaded.has('evaluations')) &&
    useStore(other.state, ({ loaded }) => loaded.has('evaluations'));
  const first = evaluationOf(own, shown.evaluationId, other === feed);
  const second = evaluationOf(others, shown.againstEvaluationId, false);
  const asked = first && second ? `${feed.id} ${first.id} ${other.id} ${second.id}` : null;
  const { value, fault, reading } = useAsked(asked, () =>
    feed.connection.request('evaluations/compare', {
      first: { runId: feed.id, evaluationId: first?.id ?? '' },
      second: { runId: other.id, evaluationId: second?.id ?? '' },
    }),
  );
  const thresholds = [
    useStore(feed.state, ({ view }) => view.run.parameters.correctThreshold),
    useStore(other.state, ({ view }) => view.run.parameters.correctThreshold),
  ] as const;
  const [wanted, setWanted] = useState<Transition>('all');
  const pairs = value ? pairsOf(value.pairs, wanted) : [];
  const selected = Math.max(
    0,
    pairs.findIndex(({ key }) => key === shown.question),
  );
  const pair = pairs[selected];
  const move = (by: 1 | -1) => {
    const next = pairs[selected + by];
    if (next) change({ question: next.key, groupId: null });
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    t: () => pair && onAcross(pair.key),
  });
  const picker = (
    side: SideName,
    label: string,
    evaluations: readonly Evaluation[],
    value: string | undefined,
    onChoose: (id: string) => void,
  ) => (
    <div class={styles.evaluation}>
      <RunDisc side={side} />
      <span class="cut">{shownLine(side === 'first' ? feed.id : other.id)}</span>
      <Dropdown
        class={styles.evaluationPicker}
        label={label}
        value={value ?? ''}
        choices={evaluations.map(({ id, step, at, all }) => ({
          value: id,
          label: `step ${grouped(step)}: ${fixed(all.ordered, 3)} of ${grouped(all.count)}, ${clock(at)}`,
        }))}
        onChoose={onChoose}
      />
    </div>
  );
  const caveat = value ? caveats(value) : '';
  const unknown = [
    ...(read ? unknownEvaluation(feed.id, shown.evaluationId, own) : []),
    ...(read ? unknownEvaluation(other.id, shown.againstEvaluationId, others) : []),
    ...(value && shown.question !== null && !value.pairs.some(({ key }) => key === shown.question)
      ? ['The question asked for is not in both evaluations; another one is shown.']
      : []),
  ];
  return (
    <>
      <Pane name="list" label="Evaluations side by side" side>
        <PaneHead title="Evaluations" meta={reading ? 'reading' : ''} />
        {tabs}
        {read && (!first || !second) ? (
          <Blank status>
            <p class="strong">{shownLine(first ? other.id : feed.id)} has no evaluation yet.</p>
            <p class="dim">Evaluate it from its dashboard (e), or choose another run with +.</p>
          </Blank>
        ) : (
          <>
            {picker('first', 'Evaluation of the first', own, first?.id, (evaluationId) => change({ evaluationId }))}
            {picker('second', 'Evaluation of the second', others, second?.id, (againstEvaluationId) =>
              change({ againstEvaluationId }),
            )}
          </>
        )}
        {unknown.map((sentence) => (
          <p key={sentence} class={styles.note} role="status">
            {sentence}
          </p>
        ))}
        {fault && (
          <Blank status>
            <p class="strong">{shownLine(fault.message)}</p>
            {fault.remedy && <p class="dim">{shownLine(fault.remedy)}</p>}
          </Blank>
        )}
        {value && value.pairs.length === 0 && (
          <Blank status>
            <p class="strong">No question was answered in both evaluations.</p>
            <p class="dim">
              {grouped(value.leftOut.first)} only in the first, {grouped(value.leftOut.second)} only in the second. A
              question is the same where its words, options, solution and the name of its video are.
            </p>
          </Blank>
        )}
        {value && value.pairs.length > 0 && (
          <>
            <Slices slices={value.slices} />
            <p class={`${styles.note} dim`}>
              Frames in order. Interval of the paired t test over questions; p of McNemar’s exact test. Of many slices a
              small p comes by chance.{caveat && ` ${caveat}`}
            </p>
            <TransitionTable pairs={value.pairs} {...{ wanted }} onWant={setWanted} />
            <EvaluationList
              {...{ pairs, thresholds, selected }}
              onSelect={({ key }) => change({ question: key, groupId: null })}
            />
          </>
        )}
      </Pane>
      {pair ? (
        <Both
          key={`${pair.first.groupId} ${pair.second.groupId}`}
          {...{ feed, other, host, onOpen }}
          groups={{ first: pair.first.groupId, second: pair.second.groupId }}
          answers={{ first: [pair.first.rolloutId], second: [pair.second.rolloutId] }}
          stepNotice={null}
        />
      ) : (
        <Pane name="answers" label="Answers side by side">
          {value && value.pairs.length > 0 && (
            <Blank status>
              <p class="strong">No question went {wanted}.</p>
              <p class="dim">
                <Icon name="info" /> Press the count again for all.
              </p>
            </Blank>
          )}
        </Pane>
      )}
    </>
  );
}
