/** An engine attached to a scripted gateway, with a tiny model whose weights nobody reads. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type {
  Completion,
  Engine,
  ModelHandle,
  Prompt,
  SampleEvent,
  SampleOptions,
} from '../../../trainer/engines/engine.ts';
import { createVerlEngine, type VerlSurroundings } from '../../../trainer/engines/verl/engine.ts';
import { engineSettings, type VerlSettings } from '../../../trainer/protocol/runfile.ts';
import { clip, question, videoPrompt } from '../tfjs/tiny.ts';
import { type Handlers, modelFolder, ScriptedGateway, token } from './scripted-gateway.ts';

export let model: Awaited<ReturnType<typeof modelFolder>>;
export let tokenFile: string;
beforeAll(async () => {
  model = await modelFolder();
  tokenFile = path.join(model.folder, 'token');
  await writeFile(tokenFile, `${token}\n`);
});
afterAll(() => model.remove());

export const surroundings: VerlSurroundings = {
  packages: 'nowhere',
  logs: 'nowhere',
  pythonFor: () => null,
  makeModel: async (_, positions) => (await modelFolder(positions ?? undefined)).folder,
};

export interface Started {
  readonly gateway: ScriptedGateway;
  readonly engine: Engine;
  readonly policy: ModelHandle;
}

export async function attached(gateway: ScriptedGateway, settings: Partial<VerlSettings> = {}): Promise<Engine> {
  const attach = { address: gateway.address, tokenFile };
  const engine = await createVerlEngine(
    engineSettings.parse({ name: 'verl', attach, ...settings }) as VerlSettings,
    surroundings,
  );
  onTestFinished(() => engine.dispose());
  return engine;
}

export async function started(handlers: Partial<Handlers> = {}): Promise<Started> {
  const gateway = await ScriptedGateway.start(handlers);
  onTestFinished(() => gateway.stop());
  const engine = await attached(gateway);
  const policy = await engine.createModel({ kind: 'folder', folder: model.folder, optimizer: false }, 'policy');
  return { gateway, engine, policy };
}

export const tokensOf = (text: string): number[] => [...model.tokenizer.encode(text)];
export const frames = clip(['red', 'blue', 'green'], 56, 28);
export const prompt = videoPrompt(frames, question);
export const plain: Prompt = [{ kind: 'text', text: question }];
export const never = new AbortController().signal;
export const answerOf = (...ids: number[]) => ({ tokens: Int32Array.from(ids) });
export const one = (of: Prompt) => ({ prompt: of, answer: answerOf(1) });

/** What a call tells, and the completions by their number. */
export async function told(
  { engine, policy }: Started,
  seeds: readonly number[],
  options: Partial<SampleOptions> = {},
  signal = never,
): Promise<{ events: SampleEvent[]; completions: Completion[] }> {
  const events: SampleEvent[] = [];
  const completions: Completion[] = [];
  const all = { maxTokens: 8, temperature: 1, topP: 1, ...options };
  for await (const event of engine.sample(policy, [{ prompt: plain, seeds }], all, signal)) {
    events.push(event);
    if (event.kind === 'done') completions[event.index] = event.completion;
  }
  return { events, completions };
}
