/** Chooses a question of the run: all that came up, the most frequent first, searched by words. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { AskedQuestion } from '../../trainer/protocol/questions.ts';
import { shownRow } from '../../trainer/protocol/records.ts';
import { noTrainer } from '../run/run-words.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Blank } from '../ui/blank.tsx';
import { TypeIcon } from '../ui/icons.tsx';
import { count, fixed, grouped } from '../ui/numbers.ts';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { TextField } from '../ui/toolkit.tsx';
import { oneLineEach, VirtualList } from '../ui/virtual-list.tsx';
import styles from './question-picker.module.css';
import { useQuestions } from './use-questions.ts';

interface QuestionPickerProps {
  readonly feed: RunFeed;
  /** Key of the question that is shown. */
  readonly shown: string | null;
  readonly onChoose: (question: AskedQuestion) => void;
  /** Whether a question is shown in whose place it stands. */
  readonly isClosable: boolean;
  /** Back to that question, or from the page. */
  readonly onClose: () => void;
}

const rowHeight = 22;
const idOf = ({ key }: AskedQuestion) => `question-${key}`;

export function QuestionPicker({ feed, shown, isClosable, onChoose, onClose }: QuestionPickerProps) {
  const [search, setSearch] = useState('');
  const [at, setAt] = useState<string | null>(shown);
  const { questions, total, next, filled, reading, more } = useQuestions(feed, search);
  const missing = useStore(feed.connection.state, ({ link }) => noTrainer(link));
  const field = useRef<HTMLElement>(null);
  // Before it is seen: who types at once types into it.
  useLayoutEffect(() => field.current?.focus(), []);
  const index = Math.max(
    0,
    questions.findIndex(({ key }) => key === at),
  );
  const current = questions[index];
  const move = (by: number) => {
    const question = questions[Math.min(questions.length - 1, Math.max(0, index + by))];
    if (question) setAt(question.key);
    if (index + by >= questions.length - 1) more();
  };
  const onKey = (event: KeyboardEvent) => {
    const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15 };
    const by = steps[event.key];
    if (by !== undefined) move(by);
    else if (event.key === 'Enter' && current) onChoose(current);
    else if (event.key === 'Escape') onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class={styles.picker} role="dialog" aria-label="Questions of the run" onKeyDown={onKey}>
      <div class={styles.head}>
        <TextField
          class={styles.field}
          label="Search questions by words"
          placeholder="words of the question"
          value={search}
          fieldRef={field}
          onInput={setSearch}
        />
        <span class="dim" role="status">
          {total === null || reading
            ? missing === null
              ? 'reading'
              : `can't be read now: ${missing}${questions.length > 0 ? '; these are of the words before' : ''}`
            : count(total, 'question')}
          {filled < 1 && `, ${Math.floor(filled * 100)} % of the run indexed`}
        </span>
        {isClosable && <Tool icon="cross" label="Close (Esc)" onPress={onClose} />}
      </div>
      {questions.length === 0 && missing !== null ? (
        <Blank status>
          <p class="strong">The questions can't be read now: {missing}.</p>
          <p class="dim">They are read as soon as there is a trainer.</p>
        </Blank>
      ) : questions.length === 0 && !reading ? (
        <Blank status>
          <p class="strong">{search === '' ? 'No question came up yet.' : 'No question has these words.'}</p>
          <p class="dim">
            {search === ''
              ? 'The first group of answers brings one.'
              : 'Words match in any order, in upper or lower case.'}
          </p>
        </Blank>
      ) : (
        <>
          <div class={styles.columns} aria-hidden="true">
            <span />
            <span>question</span>
            <span class="num">row</span>
            <span class="num">times</span>
            <span class="num">steps</span>
            <span class="num">accuracy</span>
          </div>
          <VirtualList
            count={questions.length}
            lines={oneLineEach(questions.length)}
            lineHeight={rowHeight}
            list=""
            onScrolled={() => {}}
            label="Questions, the most frequent first"
            selected={index}
            activeId={current ? idOf(current) : null}
            onSight={(_, last) => next !== null && last >= questions.length - 1 && more()}
            row={(place, top) => {
              const question = questions[place];
              return (
                question && (
                  <Row
                    key={question.key}
                    question={question}
                    top={top}
                    selected={place === index}
                    onChoose={() => onChoose(question)}
                  />
                )
              );
            }}
          />
        </>
      )}
    </div>
  );
}

function Row({
  question,
  top,
  selected,
  onChoose,
}: {
  question: AskedQuestion;
  top: number;
  selected: boolean;
  onChoose: () => void;
}) {
  const { times, firstStep, lastStep, firstAccuracy, lastAccuracy } = question;
  const all = times.train + times.probe + times.evaluation;
  const parts = [
    times.train > 0 && `${times.train} in training`,
    times.probe > 0 && count(times.probe, 'probe'),
    times.evaluation > 0 && count(times.evaluation, 'evaluation'),
  ].filter(Boolean);
  return (
    <div
      id={idOf(question)}
      class={`${styles.row} ${selected ? styles.selected : ''}`}
      style={{ transform: `translateY(${top}px)` }}
      role="option"
      aria-selected={selected}
      tabIndex={-1}
      title={`${shownLine(question.problem, 1000)}\n${shownLine(question.dataset)}, row ${shownRow(question)}: ${parts.join(', ')}`}
      onClick={onChoose}
      onKeyDown={() => {}}
    >
      <TypeIcon type={question.problemType} />
      <span class="cut model-text">{shownLine(question.problem)}</span>
      <span class="num dim">{shownRow(question)}</span>
      <span class="num">{grouped(all)}</span>
      <span class="num dim">{firstStep === lastStep ? firstStep : `${firstStep}–${lastStep}`}</span>
      <span class="num">
        {all === 1 ? fixed(lastAccuracy, 2) : `${fixed(firstAccuracy, 2)} → ${fixed(lastAccuracy, 2)}`}
      </span>
    </div>
  );
}
