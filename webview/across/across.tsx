/** One question through a run: left its rows over the steps at which it came up, right two of its answers word by word. */

import { useEffect, useMemo, useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { projectName } from '../../trainer/protocol/place.ts';
import type { QuestionHistory } from '../../trainer/protocol/questions.ts';
import { shownRow } from '../../trainer/protocol/records.ts';
import type { Host } from '../host.ts';
import { copyLinkOf } from '../places/copy-link.ts';
import { AskedQuestion } from '../rollout/asked-question.tsx';
import { useFetched } from '../rollout/use-fetched.ts';
import { useHistory } from '../rollout/use-history.ts';
import { BackLine } from '../run/back-line.tsx';
import { changeWords, requestWords } from '../run/command-words.ts';
import { RunNotice } from '../run/run-notice.tsx';
import { noTrainer } from '../run/run-words.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { Blank } from '../ui/blank.tsx';
import { PaneHead } from '../ui/heads.tsx';
import { Icon } from '../ui/icons.tsx';
import { useKeys } from '../ui/keys.ts';
import { count, grouped } from '../ui/numbers.ts';
import { Pane } from '../ui/pane.tsx';
import { type Store, useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import styles from './across.module.css';
import { type AcrossPlace, placeOfAcross } from './place.ts';
import { QuestionPicker } from './question-picker.tsx';
import { type Cell, cellOf, columnsOf, moved, pairOf, parameterAt, purposes, rowsOf } from './timeline.ts';
import { type TimelineMark, TimelineView } from './timeline-view.tsx';
import { type DiffLayout, type Placed, TwoAnswers } from './two-answers.tsx';
import { useQuestions } from './use-questions.ts';
import { verdictOf } from './verdict.ts';

interface AcrossProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly host: Host;
  readonly place: Store<AcrossPlace>;
  /** Where `Esc` leads, in words. */
  readonly back: string;
  readonly onBack: () => void;
  readonly onOpen: (groupId: string, rolloutId: string) => void;
  readonly onCompare: (question: string) => void;
}

const keyRows = [
  ['← → ↑ ↓', 'cell; also h l k j'],
  ['1 2', 'put the cell at the left or right'],
  ['x', 'swap the two'],
  ['v', 'side by side, or inline'],
  ['g', 'open its group'],
  ['J K', 'next and previous question'],
  ['/', 'choose a question'],
  ['u', 'show what was superseded, or hide it'],
  ['r', 'compare with another run'],
  ['y', 'copy a link'],
  ['Esc', 'back'],
  ['?', 'these keys'],
] as const;

export function Across({ session, feed, host, place, back, onBack, onOpen, onCompare }: AcrossProps) {
  const shown = useStore(place, (held) => held);
  const { question, groupId } = shown;
  const of = question !== null ? { question } : groupId !== null ? { groupId } : null;
  const { history, fault } = useHistory(feed, of);
  const questions = useQuestions(feed, '');
  const missing = useStore(feed.connection.state, ({ link }) => noTrainer(link));
  const [picking, setPicking] = useState(false);
  const isPicking = picking || of === null;
  useEffect(() => feed.need('commands', 'checkpoints', 'evaluations', 'notices'), [feed]);
  useEffect(() => {
    if (history && place.get().question === null)
      place.update((held) => ({ ...held, question: history.key, groupId: null }));
  }, [history, place]);
  const choose = (key: string) => {
    place.set({ question: key, groupId: null, first: null, second: null });
    setPicking(false);
  };
  const moveQuestion = (by: 1 | -1) => {
    const at = questions.questions.findIndex(({ key }) => key === question);
    const next = questions.questions[at + by];
    if (next) choose(next.key);
    if (at + by >= questions.questions.length - 1) questions.more();
  };
  const copyLink = () => {
    const { trainer } = feed.connection.state.get();
    const project = trainer && projectName(trainer.folder);
    const link = { project, place: { page: 'across' as const, runId: feed.id, ...placeOfAcross(shown) } };
    copyLinkOf(host, link).catch((thrown: unknown) => feed.fail(thrown));
  };
  useKeys({
    '/': () => setPicking(true),
    J: () => moveQuestion(1),
    K: () => moveQuestion(-1),
    r: () => question !== null && onCompare(question),
    y: copyLink,
  });
  const at = questions.questions.findIndex(({ key }) => key === question);
  /* Of a question that was chosen since the trainer is gone, nothing is here. */
  const isThere = history !== null && (missing === null || question === null || history.key === question);
  return (
    <>
      <BackLine
        {...{ session, feed, host, back, keyRows }}
        title="Across steps of"
        onBack={() => (isPicking && of !== null ? setPicking(false) : onBack())}
      >
        <Tool
          icon="search"
          label="Choose a question (/)"
          text={
            questions.total === null
              ? missing === null
                ? 'reading questions'
                : "questions can't be read now"
              : at >= 0
                ? `question ${grouped(at + 1)} of ${grouped(questions.total)}`
                : count(questions.total, 'question')
          }
          expanded={isPicking}
          onPress={() => setPicking(!picking)}
        />
        <Icon name="chevron" class={`${styles.chevron} far`} />
        <span class="far">across steps</span>
      </BackLine>
      <RunNotice {...{ session, feed, host }} />
      <main class={styles.page}>
        {history && isThere && (
          <Timeline key={history.key} {...{ feed, host, history, place, onOpen }} onMove={moveQuestion} />
        )}
        {!isThere && fault && missing === null && (
          <Blank status>
            <p class="strong">{shownLine(fault.message)}</p>
            <p class="dim">
              {fault.remedy ? shownLine(fault.remedy) : 'Choose another question with / or go back with Esc.'}
            </p>
          </Blank>
        )}
        {!isThere && missing !== null && of !== null && (
          <Blank status>
            <p class="strong">The question can't be read now: {missing}.</p>
            <p class="dim">It is read as soon as there is a trainer.</p>
          </Blank>
        )}
        {!isThere && !fault && missing === null && of !== null && (
          <Blank status>
            <p class="strong">Reading the question</p>
            <progress />
          </Blank>
        )}
        {isPicking && (
          <QuestionPicker
            feed={feed}
            shown={question}
            onChoose={({ key }) => choose(key)}
            isClosable={of !== null}
            onClose={of === null ? onBack : () => setPicking(false)}
          />
        )}
      </main>
    </>
  );
}

interface TimelineProps extends Pick<AcrossProps, 'feed' | 'host'> {
  readonly history: QuestionHistory;
  readonly place: Store<AcrossPlace>;
  readonly onOpen: AcrossProps['onOpen'];
  readonly onMove: (by: 1 | -1) => void;
}

function Timeline({ feed, host, history, place, onOpen, onMove }: TimelineProps) {
  const view = useStore(feed.state, (state) => state.view);
  const shown = useStore(place, (held) => held);
  const superseded = history.groups.filter((group) => group.superseded !== null).length;
  const standing = history.groups.length - superseded;
  /* Where all was superseded there is nothing else to show. */
  const [wantsSuperseded, wantSuperseded] = useState(standing === 0);
  const [layout, setLayout] = useState<DiffLayout>('beside');
  const columns = useMemo(() => columnsOf(history.groups, wantsSuperseded), [history, wantsSuperseded]);
  const rows = useMemo(() => rowsOf(columns), [columns]);
  const purpose = purposes.find((one) => columns.some(({ groups }) => groups[one])) ?? 'train';
  const chosen = cellOf(columns, rows, shown.second);
  const pair = pairOf(columns, rows, chosen);
  const first = cellOf(columns, rows, shown.first) ?? pair?.first ?? null;
  const second = chosen ?? pair?.second ?? null;
  const [held, setCursor] = useState<Cell | null>(null);
  const cursor = held && columns[held.column] && rows[held.row] ? held : second;
  const placedAt = (cell: Cell | null): Placed | null => {
    const row = cell && rows[cell.row];
    const group = cell && row && columns[cell.column]?.groups[row.purpose];
    const answer = group?.answers.find(({ order, index }) => order === row?.order && index === row?.index);
    return group && answer ? { group, answer } : null;
  };
  const put = (side: 'first' | 'second') => {
    const placed = placedAt(cursor);
    if (placed) place.update((before) => ({ ...before, [side]: placed.answer.rolloutId }));
  };
  const left = placedAt(first);
  const right = placedAt(second);
  const swap = () =>
    place.update((before) => ({
      ...before,
      first: right?.answer.rolloutId ?? null,
      second: left?.answer.rolloutId ?? null,
    }));
  const open = () => {
    const placed = placedAt(cursor);
    if (placed) onOpen(placed.group.groupId, placed.answer.rolloutId);
  };
  const step = (column: -1 | 0 | 1, row: -1 | 0 | 1) => () =>
    cursor && setCursor(moved(columns, rows, cursor, { column, row }));
  useKeys({
    ArrowLeft: step(-1, 0),
    ArrowRight: step(1, 0),
    ArrowUp: step(0, -1),
    ArrowDown: step(0, 1),
    h: step(-1, 0),
    l: step(1, 0),
    k: step(0, -1),
    j: step(0, 1),
    '1': () => put('first'),
    '2': () => put('second'),
    x: swap,
    v: () => setLayout(layout === 'beside' ? 'inline' : 'beside'),
    g: open,
    u: () => superseded > 0 && standing > 0 && wantSuperseded(!wantsSuperseded),
  });
  const { run, commands } = view;
  const { lengthMin, lengthMax, correctThreshold, questionsPerStep } = run.parameters;
  const windowAt = (at: number): [number, number] => [
    parameterAt('lengthMin', lengthMin, commands, at),
    parameterAt('lengthMax', lengthMax, commands, at),
  ];
  const marks: TimelineMark[] = commands.flatMap((command) =>
    command.state === 'applied' && command.request.kind === 'set' && command.at
      ? [{ step: command.at.step, label: `${requestWords(command.request)} ${changeWords(command)}` }]
      : [],
  );
  const media = useFetched(feed, (right ?? left)?.group.groupId ?? null, (id) => feed.group(id))?.media ?? null;
  const openRow = () => host.openFile(history.question.dataset, shownRow(history.question));
  const verdict = verdictOf(columns, purpose);
  const every = run.questions > 0 ? Math.max(1, Math.round(run.questions / Math.max(1, questionsPerStep))) : null;
  return (
    <>
      <Pane name="timeline" label="Across steps">
        <PaneHead
          title="Across steps"
          meta={
            <>
              came up {count(standing, 'time')} in {count(run.step, 'step')}
              {history.filled < 1 && `, ${Math.floor(history.filled * 100)} % of the run indexed`}
            </>
          }
          tools={
            <>
              {superseded > 0 && standing > 0 && (
                <Tool
                  label="What the run went back over (u)"
                  text={`${superseded} superseded`}
                  pressed={wantsSuperseded}
                  onPress={() => wantSuperseded(!wantsSuperseded)}
                />
              )}
              <Tool icon="up" label="Question before (K)" onPress={() => onMove(-1)} />
              <Tool icon="down" label="Next question (J)" onPress={() => onMove(1)} />
              <Tool
                label="Open the group (g)"
                class="far"
                text={
                  <>
                    Open the group <kbd>g</kbd>
                  </>
                }
                onPress={open}
              />
            </>
          }
        />
        {media && <AskedQuestion key={history.key} question={history.question} {...{ media, feed }} onRow={openRow} />}
        <p class={styles.verdict} data-part="verdict">
          <Icon name="clock" />
          <span>
            {standing === 0 && <b>All of it was superseded: the run went back over it. </b>}
            {columns.length === 1 && standing === 1 && (
              <>
                <b>Came up once, at step {columns[0]?.step}.</b>{' '}
                {purpose === 'train' && every !== null && `A question comes up about every ${count(every, 'step')}. `}
              </>
            )}
            {verdict && (
              <>
                <b>{verdict.title}</b> {verdict.text}
              </>
            )}
          </span>
        </p>
        <TimelineView
          {...{ columns, rows, purpose, marks, cursor, first, second }}
          windowAt={run.method === 'sft' ? null : windowAt}
          threshold={correctThreshold}
          onCursor={setCursor}
        />
        <p class={styles.foot}>
          <kbd>←</kbd> <kbd>→</kbd> <kbd>j</kbd> <kbd>k</kbd> cell <kbd>1</kbd> <kbd>2</kbd> put it at the left or right
        </p>
      </Pane>
      {left && right ? (
        <TwoAnswers {...{ feed, layout }} first={left} second={right} onLayout={setLayout} onSwap={swap} />
      ) : (
        <Pane name="diff" label="Word by word">
          <Blank status>
            <p class="strong">No answer to compare.</p>
            <p class="dim">The store has no answers of these groups.</p>
          </Blank>
        </Pane>
      )}
    </>
  );
}
