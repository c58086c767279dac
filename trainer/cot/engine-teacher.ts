/** A checkpoint of our own as the teacher: it answers through the engine as in training. What a seed gives the engine's `seeds` say. */
import { createEngine } from '../engines/create.ts';
import type { Engine, ModelHandle, SampleOptions } from '../engines/engine.ts';
import { requireOfEngine } from '../engines/needs.ts';
import type { DataType } from '../protocol/dataset.ts';
import { StudioError } from '../protocol/errors.ts';
import type { EngineSettings } from '../protocol/runfile.ts';
import { buildPrompt } from '../reasoning/prompt.ts';
import type { PromptTemplate } from '../reasoning/template.ts';
import type { Teacher, TeacherAnswer, TeacherRequest } from './teacher.ts';

const never = new AbortController().signal;

export interface EngineTeacherSettings {
  readonly template: PromptTemplate;
  readonly sampling: SampleOptions;
  /** Samples that are answered together; what one says does not depend on the others. */
  readonly samplesPerCall: number;
}

export class EngineTeacher implements Teacher {
  readonly samplesPerCall: number;
  readonly callsAtOnce = 1;
  readonly retries = 0;
  private readonly engine: Engine;
  private readonly model: ModelHandle;
  private readonly settings: EngineTeacherSettings;

  constructor(engine: Engine, model: ModelHandle, settings: EngineTeacherSettings) {
    this.engine = engine;
    this.model = model;
    this.settings = settings;
    this.samplesPerCall = settings.samplesPerCall;
  }

  /**
   * @param folder a checkpoint
   * @param shown kinds of media in what it will be asked
   * @throws StudioError `bad-model`, `engine-failed`
   */
  static async load(
    folder: string,
    engine: EngineSettings,
    shown: readonly DataType[],
    settings: EngineTeacherSettings,
  ): Promise<EngineTeacher> {
    const started = await createEngine(engine);
    try {
      requireOfEngine(started, { chunks: shown, training: null }, folder);
      const model = await started.createModel({ kind: 'folder', folder, optimizer: false }, 'policy');
      return new EngineTeacher(started, model, settings);
    } catch (thrown) {
      await started.dispose();
      throw thrown;
    }
  }

  /** What is under way is written to its end: a stop begins nothing new. */
  async sample(wanted: readonly TeacherRequest[]): Promise<TeacherAnswer[]> {
    const { template, sampling } = this.settings;
    const requests = wanted.map(({ question, medium, seed }) => {
      if (medium.kind !== 'frames') throw new StudioError('internal', 'The engine is shown frames, not files.');
      const order = question.dataType === 'video' ? Array.from({ length: medium.frames.count }, (_, i) => i) : null;
      return { prompt: buildPrompt(question, medium.frames, order, template), seeds: [seed] };
    });
    const prompts = requests.map(async ({ prompt }) => (await this.engine.render(this.model, prompt)).ids.length);
    const tokensIn = await Promise.all(prompts);
    const answers = new Array<TeacherAnswer>(wanted.length);
    for await (const event of this.engine.sample(this.model, requests, sampling, never)) {
      if (event.kind !== 'done') continue;
      const { text, tokens, stopReason } = event.completion;
      const outcome = stopReason === 'length' ? 'cut-off' : 'answered';
      const usage = { tokensIn: tokensIn[event.request] as number, tokensOut: tokens.length };
      answers[event.request] = { outcome, text, usage };
    }
    return answers;
  }

  async dispose(): Promise<void> {
    await this.engine.dispose();
  }
}
