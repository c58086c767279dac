/**
 * Experiments: questions that were asked again with something changed. Nothing else in the database knows of them: they belong to no
 * event, so that a going back leaves them as they are, and to no group, so that nothing counts them.
 */
import {
  type AskAbout,
  type Experiment,
  type ExperimentTokens,
  experiment,
  experimentTokens,
} from '../protocol/ask.ts';
import type { Database } from './database.ts';

/** Of a group as a whole there is no rollout. */
const rolloutOf = (about: AskAbout): string => ('rolloutId' in about ? about.rolloutId : '');

export class ExperimentTable {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** Numbers the experiment, and gives it as it is kept. */
  write(made: Omit<Experiment, 'number'>, tokens: ExperimentTokens): Experiment {
    const { rolloutId, groupId } = made;
    const about: AskAbout = rolloutId === null ? { groupId } : { rolloutId };
    const kept = experiment.parse({ ...made, number: this.highest(about) + 1 });
    this.database.run(
      'INSERT INTO experiments (id, group_id, rollout_id, number, body, tokens) VALUES (?, ?, ?, ?, ?, ?)',
      kept.id,
      groupId,
      rolloutOf(about),
      kept.number,
      JSON.stringify(kept),
      JSON.stringify(tokens),
    );
    return kept;
  }

  /** Oldest first. */
  list(about: AskAbout): Experiment[] {
    const [column, id] = 'rolloutId' in about ? ['rollout_id', about.rolloutId] : ['group_id', about.groupId];
    const rows = this.database.all<{ body: string }>(
      `SELECT body FROM experiments WHERE ${column} = ? AND body IS NOT NULL AND (rollout_id = '') = ? ORDER BY number`,
      id,
      Number('groupId' in about),
    );
    return rows.map(({ body }) => experiment.parse(JSON.parse(body)));
  }

  /** All of the run, in the order in which they were made. */
  *all(): Generator<{ experiment: Experiment; tokens: ExperimentTokens }, void> {
    for (const { id } of this.database.all<{ id: string }>(
      'SELECT id FROM experiments WHERE body IS NOT NULL ORDER BY key',
    )) {
      const held = this.read(id);
      if (held) yield held;
    }
  }

  read(id: string): { experiment: Experiment; tokens: ExperimentTokens } | null {
    const row = this.database.get<{ body: string | null; tokens: string | null }>(
      'SELECT body, tokens FROM experiments WHERE id = ?',
      id,
    );
    if (!row || row.body === null) return null;
    return {
      experiment: experiment.parse(JSON.parse(row.body)),
      tokens: experimentTokens.parse(JSON.parse(row.tokens ?? '[]')),
    };
  }

  /** What is known of it besides. @returns whether there was one */
  replace(known: Experiment): boolean {
    const sql = 'UPDATE experiments SET body = ? WHERE id = ? AND body IS NOT NULL';
    return this.database.run(sql, JSON.stringify(experiment.parse(known)), known.id).changes > 0;
  }

  /** Its number stays taken. @returns whether there was one */
  remove(id: string): boolean {
    const sql = 'UPDATE experiments SET body = NULL, tokens = NULL WHERE id = ? AND body IS NOT NULL';
    return Number(this.database.run(sql, id).changes) > 0;
  }

  private highest(about: AskAbout): number {
    const [column, id] = 'rolloutId' in about ? ['rollout_id', about.rolloutId] : ['group_id', about.groupId];
    const sql = `SELECT coalesce(max(number), 0) AS number FROM experiments WHERE ${column} = ? AND (rollout_id = '') = ?`;
    return this.database.get<{ number: number }>(sql, id, Number('groupId' in about))?.number ?? 0;
  }
}
