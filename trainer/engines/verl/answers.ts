/**
 * Answers as the gateway writes them: held to what was asked, and ended where one of the stop texts is complete, which only this
 * side can read.
 */
import { StudioError } from '../../protocol/errors.ts';
import { faultLine } from '../../protocol/issues.ts';
import type { SampleReport } from '../qwen/sample-stream.ts';
import { EndingText, type StopTexts } from '../qwen/stop-texts.ts';
import { type Sampled, sampled } from './messages.ts';

interface Open {
  /** Tokens that were told. */
  told: number;
  readonly ending: EndingText | null;
  /** Tokens up to the one that completes a stop text. */
  cut: number | null;
  isFinished: boolean;
}

export interface AnswersOf {
  readonly vocabularySize: number;
  readonly maxTokens: number;
  /** Likeliest tokens told beside each. */
  readonly alternatives: number;
  readonly stop: StopTexts | null;
  /** Of each answer, the tokens that its prompt ends with and that it begins with. */
  readonly begun: readonly Int32Array[];
  /** Has an answer ended, which goes on. */
  end(answer: number): void;
}

const fault = (message: string) => new StudioError('engine-failed', `The gateway ${message}.`);

export class Answers {
  private readonly of: AnswersOf;
  private readonly open: readonly Open[];

  constructor(of: AnswersOf) {
    this.of = of;
    this.open = of.begun.map((begun) => ({
      told: 0,
      ending: of.stop === null ? null : new EndingText(of.stop, begun),
      cut: null,
      isFinished: false,
    }));
  }

  /** What an event tells of the answers. @throws StudioError `engine-failed` for what can't be of them */
  report(event: unknown): SampleReport {
    const checked = sampled.safeParse(event);
    if (!checked.success)
      throw fault(`told what can't be read of answers: ${faultLine(sampled, event, checked.error, 'it')}`);
    const added = checked.data.added.flatMap(({ answer, tokens }) => {
      const open = this.opened(answer);
      this.checkTokens(tokens, answer);
      if (open.cut !== null) return [];
      const own = this.upToEnd(open, tokens);
      if (open.cut !== null) this.of.end(answer);
      return [{ answer, tokens: Array.from(own) }];
    });
    const finished = checked.data.finished.map((whole) => this.finish(whole));
    return { added, finished };
  }

  /** Ends all that were never asked for. */
  abort(): SampleReport {
    const none = (): Pick<Sampled['finished'][number], 'tokens' | 'logprobs'> => ({
      tokens: new Int32Array(),
      logprobs: new Float32Array(),
    });
    const finished = this.open.map((_, answer): SampleReport['finished'][number] => ({
      ...{ answer, ...none(), entropy: new Float32Array(), stopReason: 'aborted' },
      alternatives: this.of.alternatives === 0 ? null : none(),
    }));
    return { added: [], finished };
  }

  /** @throws StudioError `engine-failed` where an answer is lacking */
  checkAllFinished(): void {
    const lacking = this.open.findIndex(({ isFinished }) => !isFinished);
    if (lacking >= 0) throw fault(`ended its answers without number ${lacking}`);
  }

  private finish(whole: Sampled['finished'][number]): SampleReport['finished'][number] {
    const { answer, tokens, logprobs, entropy, alternatives, stopReason } = whole;
    const open = this.opened(answer);
    this.checkTokens(tokens, answer);
    const each = this.of.alternatives;
    const others = alternatives === null ? 0 : tokens.length * each;
    if (
      tokens.length > this.of.maxTokens ||
      tokens.length < open.told ||
      logprobs.length !== tokens.length ||
      (entropy !== null && entropy.length !== tokens.length) ||
      (alternatives === null) !== (each === 0) ||
      (alternatives !== null && (alternatives.tokens.length !== others || alternatives.logprobs.length !== others))
    )
      throw fault(`told of answer ${answer} what does not fit together`);
    if (alternatives !== null) this.checkTokens(alternatives.tokens, answer);
    open.isFinished = true;
    // A text may be complete in tokens that were not told before.
    if (open.cut === null) this.upToEnd(open, tokens.subarray(open.told));
    const length = open.cut ?? tokens.length;
    return {
      answer,
      tokens: tokens.slice(0, length),
      logprobs: logprobs.slice(0, length),
      entropy: entropy?.slice(0, length) ?? null,
      alternatives: alternatives && {
        tokens: alternatives.tokens.slice(0, length * each),
        logprobs: alternatives.logprobs.slice(0, length * each),
      },
      stopReason: open.cut === null ? stopReason : 'stop',
    };
  }

  /** The tokens up to the one that completes a stop text. */
  private upToEnd(open: Open, tokens: Int32Array): Int32Array {
    const { ending } = open;
    const last = ending === null ? -1 : tokens.findIndex((token) => ending.ends(token));
    if (last < 0) {
      open.told += tokens.length;
      return tokens;
    }
    open.cut = open.told + last + 1;
    open.told = open.cut;
    return tokens.subarray(0, last + 1);
  }

  private opened(answer: number): Open {
    const open = this.open[answer];
    if (open === undefined || open.isFinished) throw fault(`told of answer ${answer}, which is not open`);
    return open;
  }

  private checkTokens(tokens: Int32Array, answer: number): void {
    const { vocabularySize } = this.of;
    const bad = tokens.find((token) => token < 0 || token >= vocabularySize);
    if (bad !== undefined) throw fault(`wrote token ${bad} into answer ${answer}; the model has ${vocabularySize}`);
  }
}
