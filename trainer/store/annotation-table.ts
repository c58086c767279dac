/** The flags of a run: what people wrote on rollouts, each with its rollout and question as they were then. */
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
  /** False where the rollout was voided, or was made anew with another text. */
  readonly current: boolean;
  readonly text: string;
  readonly solution: string;
  readonly question: Omit<Question, 'solution'>;
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
      'INSERT OR REPLACE INTO annotations (id, rollout_id, text, subject, body, category, author) VALUES (?, ?, ?, ?, ?, ?, ?)',
      annotation.id,
      annotation.rolloutId,
      rollout.text,
      JSON.stringify(subject),
      JSON.stringify(annotation),
      stored(annotation.category),
      stored(annotation.author),
    );
  }

  /** Gives the id of the rollout that it was on. @throws StudioError `not-found` */
  remove(id: number): string {
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
      'SELECT count(*) AS flags FROM annotations WHERE rollout_id = ? AND removed = 0 AND text = ?',
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
         WHERE a.removed = 0 AND (?1 IS NULL OR a.rollout_id = ?1) ORDER BY a.id`,
        rolloutId ?? null,
      )
      .map((row) => JSON.parse(row.body) as Annotation);
  }

  /** Numbers are never given twice, not even after a removal. */
  nextId(): number {
    return this.database.get<{ id: number }>('SELECT coalesce(max(id), 0) + 1 AS id FROM annotations')?.id ?? 1;
  }

  /** All annotations, oldest first, those whose rollout was voided or made anew included. Spans count code points. */
  export(run: RunSummary): ExportedAnnotation[] {
    return this.database
      .all<{ text: string; subject: string; body: string; current: number }>(
        `SELECT a.text, a.subject, a.body, EXISTS (
           SELECT 1 FROM rollouts r JOIN rollout_bodies b ON b.key = r.key WHERE r.id = a.rollout_id AND r.superseded = 0 AND b.text = a.text
         ) AS current
         FROM annotations a WHERE a.removed = 0 ORDER BY a.id`,
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

/** Fills the columns that are made from the bodies. */
export function fillAnnotations(database: Database): void {
  for (const { id, body } of database.all<{ id: number; body: string }>('SELECT id, body FROM annotations')) {
    const { category, author } = JSON.parse(body) as Annotation;
    database.run('UPDATE annotations SET category = ?, author = ? WHERE id = ?', stored(category), stored(author), id);
  }
}
