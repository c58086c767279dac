/** Which video or image a label is about: by its place in the project, as a path of one dataset is another file in another folder. */
import path from 'node:path';
import { findParts } from '../data/forms/dataset-parts.ts';
import type { Item } from '../protocol/annotations/entries.ts';
import { StudioError } from '../protocol/errors.ts';
import { type RunPlan, readPlan } from './plan.ts';
import { runsFolder } from './project-paths.ts';

type Plan = Pick<RunPlan, 'dataset' | 'paths'>;

/** Places are relative to the project, with `/`, and absolute outside of it. */
export class MediaPlaces {
  private readonly plan: Plan;
  private readonly ownFolder: string;
  /** By dataset, or by run and kind of question. */
  private readonly folders = new Map<string, string>();

  /** @param plan of the run whose rows are asked for */
  constructor(plan: Plan) {
    this.plan = plan;
    this.ownFolder = this.folderOf(plan.dataset);
  }

  /** @param named as a row of the run's dataset has it */
  ofOwnRow(named: string): string {
    return placeIn(this.ownFolder, named);
  }

  /**
   * Of an item whose dataset can't be known, which are rollouts of a run that is not in this project, the path is taken as it is
   * written: it counts as if the run's own dataset had it.
   * @param named as the item's dataset has it
   */
  async ofItem(item: Item, named: string): Promise<string> {
    const key = item.kind === 'row' ? item.dataset : JSON.stringify([item.run, isTrained(item.rollout)]);
    const folder = this.folders.get(key) ?? (await this.folderOfItem(item));
    this.folders.set(key, folder);
    return placeIn(folder, named);
  }

  private async folderOfItem(item: Item): Promise<string> {
    if (item.kind === 'row') return this.folderOf(this.plan.paths.find(item.dataset));
    // Label files come from anywhere: what is no name of a folder leads nowhere.
    if (item.run !== path.basename(item.run) || item.run.startsWith('.')) return this.ownFolder;
    try {
      const { dataset, evaluationDataset } = await readPlan(path.join(runsFolder(this.plan.paths.project), item.run));
      return this.folderOf(isTrained(item.rollout) ? dataset : (evaluationDataset ?? dataset));
    } catch (thrown) {
      if (thrown instanceof StudioError) return this.ownFolder;
      throw thrown;
    }
  }

  /** From which the paths of a dataset count. @param dataset absolute; one that is gone lay in the folder that it names */
  private folderOf(dataset: string): string {
    try {
      return this.plan.paths.record(findParts(dataset).folder);
    } catch {
      return this.plan.paths.record(path.dirname(dataset));
    }
  }
}

/** Whether an answer was sampled to train on; all others are to questions of the evaluation's dataset, where there is one. */
const isTrained = (rollout: string): boolean => /^s\d/.test(rollout);

const placeIn = (folder: string, named: string): string =>
  named === '' ? '' : path.posix.join(folder, named.replaceAll('\\', '/'));
