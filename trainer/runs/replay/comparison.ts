/**
 * Holds what a replay records against what its original recorded, as it comes: of what stands all, of what was gone back over the
 * numbers. Where the engine's seeds don't give the same answers again, what follows from answers is counted and not judged.
 */
import path from 'node:path';
import { sha256OfFiles } from '../../journal/file-hash.ts';
import type { RunEventBody } from '../../protocol/records.ts';
import type { RunStore } from '../../store/run-store.ts';
import { checkpointFileNames } from '../checkpoint-files.ts';
import { checkpointFolder, controllerFile, readWhole } from '../checkpoints.ts';
import {
  answersApart,
  askedDifference,
  type Difference,
  evaluationDifference,
  firstPart,
  givenDifference,
  groupsDifference,
  metricsDifference,
} from './difference.ts';

/**
 * What belongs to one save and says nothing of the weights: the controller's state, and the index that torch.distributed.checkpoint writes
 * beside the optimizer's state, with the path that it was written at and a random name.
 */
const ofOneSave: readonly string[] = [controllerFile, 'optimizer/.metadata'];

/** A run on the disk. */
export interface ComparedRun {
  readonly folder: string;
  readonly store: RunStore;
}

export interface Compared {
  steps: number;
  groups: number;
  evaluations: number;
  checkpoints: number;
  /** Answers that may come out otherwise, and those of them that did. */
  free: number;
  otherwise: number;
}

/** What may come out otherwise without a fault. */
export interface Freedom {
  /** The first step whose answers may: what follows from them is not compared then. Null where none may. */
  readonly from: number | null;
  /** Which questions a step asks follows from answers too (fillFlatGroups). */
  readonly ofQuestions: boolean;
}

export class Comparison {
  /** The first that was found. */
  difference: Difference | null = null;
  readonly compared: Compared = { steps: 0, groups: 0, evaluations: 0, checkpoints: 0, free: 0, otherwise: 0 };
  private readonly original: ComparedRun;
  private readonly replayed: ComparedRun;
  private readonly wentBackTo: readonly number[];
  private readonly freedom: Freedom;
  private readonly unseen: number[] = [];
  private attempt: number;

  /** @param wentBackTo step of each going back of the original. @param attempt goings back that the replay has done already */
  constructor(
    original: ComparedRun,
    replayed: ComparedRun,
    wentBackTo: readonly number[],
    freedom: Freedom,
    attempt = 0,
  ) {
    this.original = original;
    this.replayed = replayed;
    this.wentBackTo = wentBackTo;
    this.attempt = attempt;
    this.freedom = freedom;
  }

  /** Answers of a step, or of the evaluation after it, may be others. */
  private isFree(step: number): boolean {
    return this.freedom.from !== null && step >= this.freedom.from;
  }

  /** Is given each event of the replay, after it is stored. */
  take(body: RunEventBody): void {
    if (this.difference !== null) return;
    switch (body.type) {
      case 'rewound':
        this.attempt++;
        return;
      case 'step':
        this.difference = this.ofStep(body);
        return;
      case 'evaluation':
        this.difference = this.ofEvaluation(body);
        return;
      case 'checkpoint':
        if (this.voidedBy(body.checkpoint.step) === null) this.unseen.push(body.checkpoint.step);
        return;
    }
  }

  /** Compares the weights that were saved since the last time. */
  async saved(): Promise<void> {
    for (const step of this.unseen.splice(0)) this.difference ??= await this.ofCheckpoint(step);
  }

  /** Number of the going back, from 1, that voids a step of the present attempt in the original; null where it stands. */
  private voidedBy(step: number): number | null {
    const at = this.wentBackTo.findIndex((toStep, i) => i >= this.attempt && toStep < step);
    return at < 0 ? null : at + 1;
  }

  private ofStep({ metrics }: Extract<RunEventBody, { type: 'step' }>): Difference | null {
    const { step } = metrics;
    const attempt = this.voidedBy(step);
    const { store } = this.original;
    const steps =
      attempt === null
        ? store.metrics(step)
        : (store.supersededMetrics().find((voided) => voided.attempt === attempt)?.steps ?? []);
    const own = steps.find((other) => other.step === step);
    if (!own) return null;
    this.compared.steps++;
    return (
      (attempt === null ? this.ofGroups(step, false) : null) ??
      (this.isFree(step) ? givenDifference(own, metrics, this.freedom) : metricsDifference(own, metrics))
    );
  }

  private ofEvaluation({ evaluation }: Extract<RunEventBody, { type: 'evaluation' }>): Difference | null {
    const { step } = evaluation;
    if (this.voidedBy(step) !== null) return null;
    const sameStep = (run: ComparedRun) => run.store.evaluations().filter((other) => other.step === step);
    const own = sameStep(this.original)[sameStep(this.replayed).length - 1];
    // One that was cut short has left no record.
    if (!own) return null;
    this.compared.evaluations++;
    const isNamedAlike = own.id === evaluation.id;
    return (
      (isNamedAlike ? this.ofGroups(step, true, `${own.id}-`) : null) ??
      (this.isFree(step) ? null : evaluationDifference(own, evaluation))
    );
  }

  /** @param prefix of the groups' ids */
  private ofGroups(step: number, isEvaluation: boolean, prefix = ''): Difference | null {
    const groupsOf = ({ store }: ComparedRun) =>
      [...store.groupsOfStep(step)].filter(
        ({ purpose, id }) => (purpose === 'evaluation') === isEvaluation && id.startsWith(prefix),
      );
    const groups = groupsOf(this.original);
    this.compared.groups += groups.length;
    if (this.isFree(step)) {
      const others = groupsOf(this.replayed);
      const { free, otherwise } = answersApart(groups, others);
      this.compared.free += free;
      this.compared.otherwise += otherwise;
      return this.freedom.ofQuestions && !isEvaluation ? null : askedDifference(step, groups, others);
    }
    const ids = groups.flatMap(({ rollouts }) => rollouts.map(({ id }) => id));
    return groupsDifference(step, groups, groupsOf(this.replayed)) ?? this.ofTokens(step, ids);
  }

  private ofTokens(step: number, rolloutIds: readonly string[]): Difference | null {
    for (const id of rolloutIds) {
      const [own, other] = [this.original, this.replayed].map(({ store }) => store.heldTokens(id));
      if (!own || !other) continue;
      const part = firstPart(
        { ids: own.ids, logprobs: own.logprobs, entropy: own.entropy },
        { ids: other.ids, logprobs: other.logprobs, entropy: other.entropy },
      );
      if (part) return { ...part, step, what: `answer ${id}: ${part.name}`, rolloutId: id };
    }
    return null;
  }

  private async ofCheckpoint(step: number): Promise<Difference | null> {
    // The weights of step 0 are those that were copied.
    if (step > 0 && this.isFree(step)) return null;
    const [own, other] = [this.original, this.replayed].map(({ folder }) => checkpointFolder(folder, step)) as [
      string,
      string,
    ];
    if (typeof (await readWhole(own, step)) === 'string') return null;
    const names = (await checkpointFileNames(own)).filter((name) => !ofOneSave.includes(name));
    const there = await checkpointFileNames(other).catch((): string[] => []);
    // Taken away again by the rules of what is kept.
    if (there.length === 0) return null;
    for (const name of names) {
      const hashOf = (folder: string) => sha256OfFiles([path.join(folder, name)]);
      const [original, replayed] = [await hashOf(own), there.includes(name) ? await hashOf(other) : 'is not there'];
      if (original !== replayed) return { step, what: `checkpoint of step ${step}: ${name}`, original, replayed };
    }
    this.compared.checkpoints++;
    return null;
  }
}
