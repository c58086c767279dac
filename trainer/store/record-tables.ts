/** Records that a run has one by one, each as its newest event says: steps, commands, checkpoints, evaluations. */
import type { CommandRecord } from '../protocol/commands.ts';
import { type Checkpoint, type CheckpointPin, type Evaluation, pinned, type StepMetrics } from '../protocol/records.ts';
import type { Database } from './database.ts';

export class RecordTables {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  writeStep(metrics: StepMetrics): void {
    this.database.run('INSERT OR REPLACE INTO steps (step, body) VALUES (?, ?)', metrics.step, JSON.stringify(metrics));
  }

  writeCommand(command: CommandRecord): void {
    this.database.run(
      'INSERT INTO commands (number, id, body) VALUES (?, ?, ?) ON CONFLICT (number) DO UPDATE SET body = excluded.body',
      command.number,
      command.id,
      JSON.stringify(command),
    );
  }

  writeCheckpoint(checkpoint: Checkpoint): void {
    this.replace('checkpoints', checkpoint);
  }

  /** Of a checkpoint that is there; else nothing is done. */
  pinCheckpoint(id: string, pin: CheckpointPin | null): void {
    const found = this.checkpoints().find((checkpoint) => checkpoint.id === id);
    // In its place: a checkpoint that is written anew comes last.
    if (found)
      this.database.run('UPDATE checkpoints SET body = ? WHERE id = ?', JSON.stringify(pinned(found, pin)), id);
  }

  removeCheckpoint(id: string): void {
    this.database.run('DELETE FROM checkpoints WHERE id = ?', id);
  }

  writeEvaluation(evaluation: Evaluation): void {
    this.replace('evaluations', evaluation);
  }

  /** Their events are kept elsewhere. */
  deleteAfter(step: number): void {
    for (const table of ['steps', 'checkpoints', 'evaluations'])
      this.database.run(`DELETE FROM ${table} WHERE step > ?`, step);
  }

  /** Oldest first. */
  steps(fromStep: number): StepMetrics[] {
    return this.bodies('SELECT body FROM steps WHERE step >= ? ORDER BY step', fromStep);
  }

  /** Oldest first. */
  commands(): CommandRecord[] {
    return this.bodies('SELECT body FROM commands ORDER BY number');
  }

  command(id: string): CommandRecord | null {
    return this.bodies<CommandRecord>('SELECT body FROM commands WHERE id = ?', id)[0] ?? null;
  }

  nextCommandNumber(): number {
    const next = this.database.get<{ number: number }>('SELECT coalesce(max(number), 0) + 1 AS number FROM commands');
    return next?.number ?? 1;
  }

  /** Oldest first. */
  checkpoints(): Checkpoint[] {
    return this.bodies('SELECT body FROM checkpoints ORDER BY key');
  }

  /** Oldest first. */
  evaluations(): Evaluation[] {
    return this.bodies('SELECT body FROM evaluations ORDER BY key');
  }

  /** What is written anew under its id comes last. */
  private replace(table: 'checkpoints' | 'evaluations', record: Checkpoint | Evaluation): void {
    this.database.run(`DELETE FROM ${table} WHERE id = ?`, record.id);
    this.database.run(
      `INSERT INTO ${table} (id, step, body) VALUES (?, ?, ?)`,
      record.id,
      record.step,
      JSON.stringify(record),
    );
  }

  private bodies<T>(sql: string, ...parameters: (string | number)[]): T[] {
    return this.database.all<{ body: string }>(sql, ...parameters).map((row) => JSON.parse(row.body) as T);
  }
}
