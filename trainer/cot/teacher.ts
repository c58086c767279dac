/** What a teacher is asked and what comes back. Who the teacher is, an endpoint or a model of our own, is for its own file. */
import type { Frames } from '../engines/engine.ts';
import type { Question } from '../protocol/records.ts';

/** What is shown with a question: decoded frames, or the file itself, which lies in the dataset's folder. */
export type Medium =
  | { readonly kind: 'frames'; readonly frames: Frames }
  | { readonly kind: 'file'; readonly file: string; readonly folder: string };

/** One sample of one question. The same seed is to give the same answer, as far as the teacher can. */
export interface TeacherRequest {
  readonly question: Question;
  readonly medium: Medium;
  /** From 0. */
  readonly sample: number;
  /** 0 … 2^31 - 1 */
  readonly seed: number;
}

export interface Usage {
  /** Tokens of the prompt, media included. */
  readonly tokensIn: number;
  readonly tokensOut: number;
}

/**
 * What the teacher said. `cut-off` ended at the token limit, `refused` is the teacher's or its server's refusal, `failed` is
 * a request that the server found wrong: asking again would get the same. All four finish the sample.
 */
export type TeacherAnswer =
  | { readonly outcome: 'answered'; readonly text: string; readonly usage: Usage | null }
  | { readonly outcome: 'cut-off'; readonly text: string; readonly usage: Usage | null }
  | { readonly outcome: 'refused'; readonly text: string; readonly usage: Usage | null }
  | { readonly outcome: 'failed'; readonly message: string };

/** The teacher could not be asked, and it was not the question's fault. The sample stays open. */
export class TeacherUnavailable extends Error {
  /** Nothing would be different for any other question: a wrong key, address or model. */
  readonly forAll: boolean;

  constructor(message: string, forAll: boolean) {
    super(message);
    this.name = 'TeacherUnavailable';
    this.forAll = forAll;
  }
}

export interface Teacher {
  /** How many samples one call takes at most, and how many calls may run at once. */
  readonly samplesPerCall: number;
  readonly callsAtOnce: number;
  /** Requests that had to be sent again, so far. */
  readonly retries: number;
  /**
   * Answers in the order of the requests.
   * @param stop sends nothing again: a request under way may end, a wait before the next one ends at once
   * @throws TeacherUnavailable after the teacher's own retries; StudioError `bad-media` or of an engine; the reason of `stop`
   */
  sample(requests: readonly TeacherRequest[], stop: AbortSignal): Promise<TeacherAnswer[]>;
  dispose(): Promise<void>;
}
