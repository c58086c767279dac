/**
 * What people said of a run's rollouts, each with its rollout and question as they were then: an index of the label files, by which
 * lists are filtered.
 */
import { categoryOfOldFlag } from '../protocol/annotations/categories.ts';
import { StudioError } from '../protocol/errors.ts';
import type { Annotation, Group, Question, Rollout } from '../protocol/records.ts';
import type { RunSummary } from '../protocol/run-state.ts';
import { type CodePointSpan, codePointSpan, spanFault, withWholePairs } from '../protocol/text-spans.ts';
import type { Database } from './database.ts';
import { stored } from './query-sql.ts';

/** What an annotation was about, as it was then. */
interface AnnotatedSubject {
  readonly step: number;
  readonly order: Rollout['order'];
  readonly question: Question;
  readonly prompt: string;
  readonly answer: string;
  readonly accuracy: number;
  readonly reward: number;
  readonly advantage: number | null;
}

/** An annotation that stands on its own: with the question and the rollout as they were when the flag was set. */
export interface ExportedAnnotation
  extends Omit<Annotation, 'at' | 'span' | 'quote'>,
    PassageOutside,
    Omit<AnnotatedSubject, 'question'> {
  readonly run: string;
  readonly runName: string;
  /** ISO 8601. */
  readonly at: string;
  /** The category that a flag had before there were label files. */
  readonly was?: string | null;
  /** False where the rollout was voided, or was made anew with another text. */
  readonly current: boolean;
  readonly text: string;
  readonly solution: string;
  readonly question: Omit<Question, 'solution'>;
}

export interface HeldAnnotation {
  readonly id: string;
  readonly rolloutId: string;
  readonly text: string;
}

export class AnnotationTable {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** @throws StudioError `bad-request` when its span is not inside the text, or splits a character */
  write(annotation: Annotation, rollout: Rollout, group: Group): void {
    const fault = annotation.span && spanFault(rollout.text, annotation.span);
    if (fault !== null) throw new StudioError('bad-request', fault, { place: annotation.rolloutId });
    const subject: AnnotatedSubject = {
      step: rollout.step,
      order: rollout.order,
      question: group.question,
      prompt: group.prompt,
      answer: rollout.answer,
      accuracy: rollout.accuracy,
      reward: rollout.reward.total,
      advantage: rollout.advantage,
    };
    this.database.run(
      `INSERT OR REPLACE INTO annotations (number, id, rollout_id, text, subject, body, category, author, verdict)
       SELECT coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ? FROM annotations`,
      annotation.id,
      annotation.rolloutId,
      rollout.text,
      JSON.stringify(subject),
      JSON.stringify(annotation),
      ...columnsOf(annotation),
    );
  }

  /** Gives the id of the rollout that it was on. @throws StudioError `not-found` */
  remove(id: string): string {
    const removed = this.database.get<{ rollout_id: string }>(
      'UPDATE annotations SET removed = 1 WHERE id = ? AND removed = 0 RETURNING rollout_id',
      id,
    );
    if (!removed) throw new StudioError('not-found', `There is no annotation ${id} in this run.`);
    return removed.rollout_id;
  }

  /** Number of flags on exactly this text: a rollout that was made again with another text does not carry the old ones. */
  countOf(rolloutId: string, text: string): number {
    const found = this.database.get<{ flags: number }>(
      'SELECT count(*) AS flags FROM annotations WHERE rollout_id = ? AND removed = 0 AND category IS NOT NULL AND text = ?',
      rolloutId,
      text,
    );
    return found?.flags ?? 0;
  }

  /** Those whose rollout is there with the text that was flagged, oldest first. `export` has the others too. */
  list(rolloutId?: string): Annotation[] {
    return this.database
      .all<{ body: string }>(
        `SELECT a.body FROM annotations a
         JOIN rollouts r ON r.id = a.rollout_id JOIN rollout_bodies b ON b.key = r.key AND b.text = a.text
         WHERE a.removed = 0 AND (?1 IS NULL OR a.rollout_id = ?1) ORDER BY a.number`,
        rolloutId ?? null,
      )
      .map((row) => JSON.parse(row.body) as Annotation);
  }

  /** All that stand, those whose rollout is not there as it was included, each with the text that it was put on. */
  held(): HeldAnnotation[] {
    return this.database.all<HeldAnnotation>(
      'SELECT id, rollout_id AS rolloutId, text FROM annotations WHERE removed = 0 ORDER BY number',
    );
  }

  /** All annotations, oldest first, those whose rollout was voided or made anew included. Spans count code points. */
  export(run: RunSummary): ExportedAnnotation[] {
    return this.database
      .all<{ text: string; subject: string; body: string; current: number }>(
        `SELECT a.text, a.subject, a.body, EXISTS (
           SELECT 1 FROM rollouts r JOIN rollout_bodies b ON b.key = r.key WHERE r.id = a.rollout_id AND r.superseded = 0 AND b.text = a.text
         ) AS current
         FROM annotations a WHERE a.removed = 0 ORDER BY a.number`,
      )
      .map(({ text, subject, body, current }) => {
        const annotation = JSON.parse(body) as Annotation;
        const { question, prompt, ...rollout } = JSON.parse(subject) as AnnotatedSubject;
        const { solution, ...asked } = question;
        return {
          run: run.id,
          runName: run.name,
          ...annotation,
          ...spanOutside(text, annotation),
          at: new Date(annotation.at).toISOString(),
          current: current === 1,
          ...rollout,
          text,
          solution,
          question: asked,
          prompt,
        };
      });
  }
}

interface PassageOutside {
  readonly span: CodePointSpan | null;
  readonly quote: string;
  readonly spanNote?: string;
}

/** The flagged passage as other programs read it. Flags of older versions may split a character: those are widened, and say so. */
function spanOutside(text: string, { span, quote }: Annotation): PassageOutside {
  if (span === null) return { span: null, quote };
  const whole = withWholePairs(text, span);
  const outside = codePointSpan(text, whole);
  if (whole.start === span.start && whole.end === span.end) return { span: outside, quote };
  const note = 'The flag began or ended inside a character; span and quote hold the whole of it.';
  return { span: outside, quote: text.slice(whole.start, whole.end), spanNote: note };
}

/** Category, author and verdict as queries compare them. */
const columnsOf = ({ category, author, verdict }: Annotation) => [
  category === null ? null : stored(category),
  stored(author),
  verdict === null ? null : stored(verdict),
];

/** Flags of before label files get the categories of now, and keep what they were. */
export function renameCategories(database: Database): void {
  for (const { id, body } of database.all<{ id: string; body: string }>('SELECT id, body FROM annotations')) {
    const held = JSON.parse(body) as Annotation;
    const category = held.category && (categoryOfOldFlag[held.category] ?? 'other');
    const now: Annotation & { was: string | null } = { ...held, category, was: held.category };
    database.run(
      'UPDATE annotations SET body = ?, category = ?, author = ?, verdict = ? WHERE id = ?',
      JSON.stringify(now),
      ...columnsOf(now),
      id,
    );
  }
}
