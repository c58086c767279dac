/** The questions of a family, each with what was answered to it as it is and without something. */
import { useEffect, useState } from 'preact/hooks';
import {
  type AuditCue,
  type AuditedLine,
  type AuditLine,
  auditCues,
  type ChangedAnswer,
} from '../../trainer/protocol/audit.ts';
import { cueWords } from '../../trainer/protocol/audit-words.ts';
import { asStudioError, type StudioError } from '../../trainer/protocol/errors.ts';
import { shownLine, shownText } from '../../trainer/protocol/hostile-text.ts';
import type { RequestResult } from '../../trainer/protocol/messages.ts';
import { shownRow } from '../../trainer/protocol/records.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Blank } from '../ui/blank.tsx';
import { PaneHead } from '../ui/heads.tsx';
import { TickOrCross } from '../ui/icons.tsx';
import { count, fixed } from '../ui/numbers.ts';
import { PaneBody } from '../ui/pane.tsx';
import { Button } from '../ui/toolkit.tsx';
import { AuditedQuestion } from './audited-question.tsx';
import styles from './question-list.module.css';

interface QuestionListProps {
  readonly feed: RunFeed;
  readonly name: string;
  readonly dataset: string;
  readonly family: string;
}

interface Held {
  readonly rows: readonly AuditLine[];
  /** Null until they are read. */
  readonly found: Omit<RequestResult<'audits/rows'>, 'rows'> | null;
  readonly fault: StudioError | null;
}

export function QuestionList({ feed, name, dataset, family }: QuestionListProps) {
  const [held, setHeld] = useState<Held>({ rows: [], found: null, fault: null });
  const [open, setOpen] = useState<number | null>(null);
  const read = (before: readonly AuditLine[]) => {
    feed.connection.request('audits/rows', { name, dataset, family, from: before.length }).then(
      ({ rows, ...found }) => setHeld({ rows: [...before, ...rows], found, fault: null }),
      (thrown: unknown) => setHeld({ rows: before, found: null, fault: asStudioError(thrown) }),
    );
  };
  useEffect(() => read([]), []);
  if (held.fault)
    return (
      <Blank status>
        <p class="strong">{shownLine(held.fault.message)}</p>
        {held.fault.remedy && <p class="dim">{shownLine(held.fault.remedy)}</p>}
      </Blank>
    );
  const { found } = held;
  if (found === null)
    return (
      <Blank status>
        <p class="dim">Reading the questions.</p>
      </Blank>
    );
  const left = found.total - held.rows.length;
  return (
    <>
      <PaneHead title={shownLine(family, 60)} meta={foundWords(found)} />
      <PaneBody>
        <ol class={styles.list} data-part="questions">
          {held.rows.map((line, at) => (
            <li key={line.row}>
              {line.outcome === 'skipped' ? (
                <p class={styles.skipped}>
                  Row {shownRow(line)} was not asked: {shownLine(line.message)}
                </p>
              ) : (
                <Question
                  {...{ feed, name, line }}
                  isUnused={at < (found.unused ?? 0)}
                  isOpen={open === line.row}
                  onToggle={() => setOpen(open === line.row ? null : line.row)}
                />
              )}
            </li>
          ))}
          {left > 0 && (
            <li class={styles.more}>
              <Button onPress={() => read(held.rows)}>Show more: {count(left, 'question')}</Button>
            </li>
          )}
        </ol>
      </PaneBody>
    </>
  );
}

function foundWords({ asked, right, unused }: NonNullable<Held['found']>): string {
  const order = unused === null ? '' : `, ${unused} of them without use of the order`;
  return `${right} of ${asked} right as seen${order}`;
}

const isRight = (answers: readonly ChangedAnswer[]) =>
  2 * answers.filter(({ correct }) => correct).length >= answers.length;

const shownAnswers = (answers: readonly ChangedAnswer[]) =>
  [...new Set(answers.map(({ answer }) => shownLine(answer, 40) || '–'))].join(', ');

const worthWords = ({ worth, error }: NonNullable<AuditedLine['seen'][number]['order']>) =>
  `${fixed(worth, 1)}${error === null ? '' : ` ± ${fixed(error, 1)}`} nats`;

/** The answers without something; by shuffle for the order. */
function withoutCue({ changed, shuffled }: AuditedLine, cue: AuditCue): readonly (readonly ChangedAnswer[])[] {
  if (cue === 'any order') return shuffled;
  const answers = changed[cue];
  return answers === undefined ? [] : [answers];
}

interface QuestionProps {
  readonly feed: RunFeed;
  /** Of the audit. */
  readonly name: string;
  readonly line: AuditedLine;
  /** Right without use of the order. */
  readonly isUnused: boolean;
  readonly isOpen: boolean;
  readonly onToggle: () => void;
}

function Question({ feed, name, line, isUnused, isOpen, onToggle }: QuestionProps) {
  const right = auditCues.filter((cue) => {
    const each = withoutCue(line, cue);
    return each.length > 0 && each.every(isRight);
  });
  const [seen] = line.seen;
  return (
    <>
      <button type="button" class={styles.head} aria-expanded={isOpen} onClick={onToggle}>
        <span class={styles.asked}>
          <TickOrCross tick={isRight(line.seen)} label={isRight(line.seen) ? 'right as seen' : 'wrong as seen'} />
          <span class="dim">{shownRow(line)}</span>
          <span class="cut model-text">{shownLine(line.problem, 120)}</span>
        </span>
        <span class={styles.told}>
          <span>
            solution <span class="model-text strong">{shownLine(line.solution, 40)}</span>
          </span>
          <span>
            answered <span class="model-text strong">{shownAnswers(line.seen)}</span>
          </span>
          {line.seen.map(({ order }, at) => order && <span key={`${at}`}>order {worthWords(order)}</span>)}
          {isUnused && <span class={styles.unused}>order not used</span>}
          {right.length > 0 && (
            <span>
              right {isRight(line.seen) && 'also '}with {right.map((cue) => cueWords[cue]).join(', ')}
            </span>
          )}
        </span>
      </button>
      {isOpen && (
        <div class={styles.body}>
          <p class="dim">
            <span class="model-text">{shownLine(line.path, 120)}</span>, solution{' '}
            <span class="model-text strong">{shownLine(line.solution, 80)}</span>
          </p>
          <AuditedQuestion {...{ feed, name, line }} />
          <table class={styles.answers}>
            <tbody>
              {line.seen.map((answer, at) => (
                <Answers
                  key={`seen ${at}`}
                  name={answer.order === null ? 'as seen' : `as seen, order ${worthWords(answer.order)}`}
                  answers={[answer]}
                />
              ))}
              {auditCues.flatMap((cue) =>
                withoutCue(line, cue).map((answers, at) => (
                  <Answers
                    key={`${cue} ${at}`}
                    name={cue === 'any order' ? `shuffle ${at + 1}` : cueWords[cue]}
                    answers={answers}
                  />
                )),
              )}
            </tbody>
          </table>
          {seen && <p class={`${styles.text} model-text`}>{shownText(seen.text)}</p>}
        </div>
      )}
    </>
  );
}

function Answers({ name, answers }: { name: string; answers: readonly ChangedAnswer[] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        {answers.map(({ answer, correct }, at) => (
          <span key={`${at}`} class={styles.answer}>
            <TickOrCross tick={correct} label={correct ? 'right' : 'wrong'} />
            <span class="model-text">{shownLine(answer, 60) || '–'}</span>
          </span>
        ))}
      </td>
    </tr>
  );
}
