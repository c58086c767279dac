/** What was said of rows and is not yet answered. */
import type { DatasetToPage, PageToDataset } from '../../trainer/protocol/dataset-editor.ts';
import type { DatasetDoor } from './dataset-door.ts';

type Saying =
  | Omit<Extract<PageToDataset, { type: 'answer' }>, 'said'>
  | Omit<Extract<PageToDataset, { type: 'say' }>, 'said'>
  | Omit<Extract<PageToDataset, { type: 'carry-over' }>, 'said'>
  | Omit<Extract<PageToDataset, { type: 'settle' }>, 'said'>
  | Omit<Extract<PageToDataset, { type: 'retract' }>, 'said'>;

export class Sayings {
  private readonly door: Pick<DatasetDoor, 'send'>;
  private number = 0;
  private readonly waiting = new Map<number, PromiseWithResolvers<readonly string[]>>();

  constructor(door: Pick<DatasetDoor, 'send'>) {
    this.door = door;
  }

  /** @returns ids of the new entries. @throws Error with the words of who refused it */
  send(saying: Saying): Promise<readonly string[]> {
    const said = ++this.number;
    const answer = Promise.withResolvers<readonly string[]>();
    this.waiting.set(said, answer);
    this.door.send({ ...saying, said });
    return answer.promise;
  }

  take({ said, ids, fault }: Extract<DatasetToPage, { type: 'said' }>): void {
    const answer = this.waiting.get(said);
    this.waiting.delete(said);
    if (fault === null) answer?.resolve(ids);
    else answer?.reject(new Error(fault));
  }
}
