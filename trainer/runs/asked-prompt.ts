/** What a model is given when a question is asked again: prompt, frames and the part of the answer that stands already. */
import path from 'node:path';
import { hash32 } from '../data/random.ts';
import type { Chunk, Frames, Prompt } from '../engines/engine.ts';
import { changedPrompt } from '../evidence/interventions/changed-prompt.ts';
import { shuffledOrder } from '../learning/sampling.ts';
import type { Ask, AskedFrames, Experiment } from '../protocol/ask.ts';
import { changedQuestion } from '../protocol/changed-question.ts';
import { StudioError } from '../protocol/errors.ts';
import { faultLine } from '../protocol/issues.ts';
import { parseJson } from '../protocol/json.ts';
import type { GroupWithRollouts, MediaView, Question, Rollout, RolloutTokens } from '../protocol/records.ts';
import { seenOrder } from '../protocol/seen-order.ts';
import { tokenSpans } from '../protocol/token-spans.ts';
import { buildPrompt } from '../reasoning/prompt.ts';
import { type PromptTemplate, promptTemplate, readTemplate } from '../reasoning/template.ts';
import { frameLimits } from '../video/choose.ts';
import type { MediaLoader } from '../video/load.ts';
import type { RunPlan } from './plan.ts';
import { liesOutside } from './project-paths.ts';

/** Of which answer, or of which group, it is asked. */
export interface AskedAbout {
  readonly group: GroupWithRollouts;
  readonly original: { readonly rollout: Rollout; readonly tokens: RolloutTokens | null } | null;
}

/** Where frames and wording come from. */
export interface AskSources {
  readonly plan: RunPlan;
  readonly parameters: Parameters<typeof frameLimits>[0];
  media(): Promise<MediaLoader>;
  /** Those that the group was shown. */
  frames(key: string): Promise<Frames>;
}

export interface AskedPrompt {
  readonly prompt: Prompt;
  readonly question: Question;
  readonly shown: Experiment['shown'];
  /** Of the frames that are shown: what is found in an answer may name their times. */
  readonly media: Pick<MediaView, 'kind' | 'times' | 'durationSeconds'>;
  /** Text that was kept and typed. */
  readonly given: string;
  readonly keptTokens: number;
}

/**
 * @param places in place of the order in which the frames are shown: place i shows what place `places[i]` would
 * @throws StudioError `bad-request` for what does not fit the question or the answer; `bad-media`; `bad-template`
 */
export async function askedPrompt(
  about: AskedAbout,
  ask: Ask,
  seed: number,
  from: AskSources,
  places: readonly number[] | null = null,
): Promise<AskedPrompt> {
  const fault = askFault(about, ask);
  if (fault !== null) throw fault;
  const { group } = about;
  const question = changedQuestion(group.question, ask);
  const template = await templateOf(ask, from.plan);
  const { frames, media, order: shown } = await framesOf(about, ask.frames, seed, from);
  const order = places === null ? shown : places.map((place) => shown[place] as number);
  const seen = group.media.kind === 'image' ? null : order;
  const answered = { question, frames, seen, template };
  const asked =
    ask.frames === 'none'
      ? changedPrompt(answered, { kind: 'no medium' })
      : buildPrompt(question, frames, seen, template);
  const kept = keptOf(about, ask);
  const begun: Chunk[] = [
    ...(kept.ids.length > 0 ? [{ kind: 'tokens', ids: kept.ids } as const] : []),
    ...(ask.typed === '' ? [] : [{ kind: 'text', text: ask.typed } as const]),
  ];
  return {
    prompt: [...asked, ...begun],
    question,
    shown: ask.frames === 'none' ? null : { key: frames.key, order: [...order] },
    media,
    given: kept.text + ask.typed,
    keptTokens: kept.ids.length,
  };
}

/** What of an ask does not fit what it is about; null where it can be tried. */
export function askFault({ group, original }: AskedAbout, ask: Ask): StudioError | null {
  const { kind, indices } = group.media;
  const bad = (message: string, remedy: string) => new StudioError('bad-request', message, { remedy });
  if (kind === 'image' && ask.frames !== 'as seen' && ask.frames !== 'none')
    return bad('An image has no frames whose order or number could be changed.', 'Ask with it as seen, or without it.');
  if (typeof ask.frames === 'object' && 'order' in ask.frames) {
    const missing = ask.frames.order.find((frame) => frame >= indices.length);
    if (missing !== undefined)
      return bad(`There is no frame ${missing + 1}.`, `Name frames from 1 to ${indices.length}.`);
  }
  const { options } = ask;
  if (options !== null && group.question.problemType === 'multiple choice') {
    const said = new Set(options.map((option) => option.trim()));
    if (options.length < 2 || said.has('') || said.size < options.length)
      return bad('The options are not two or more that differ.', 'Give each option its own text.');
  }
  const goesOn = (ask.keep ?? 0) > 0 || ask.typed !== '';
  if (original === null)
    return goesOn ? bad('A group as a whole has no answer to go on from.', 'Name a rollout.') : null;
  const most = mostKept(original.rollout, original.tokens);
  if ((ask.keep ?? 0) > 0 && typeof most === 'string') return bad(most, 'Ask from the start, or type the text.');
  if (typeof most === 'number' && (ask.keep ?? 0) > most)
    return bad(`The answer has ${most} tokens that can be kept.`, 'Keep fewer.');
  if ((ask.keep ?? 0) > 0 && keptEnd(original.rollout, original.tokens as RolloutTokens, ask.keep ?? 0) === null)
    return bad(`Token ${ask.keep} ends within a character.`, 'Keep one more or one fewer.');
  return null;
}

/** Tokens of an answer that can be kept, its end token not among them; why none can, as a sentence. */
export function mostKept({ stopReason }: Rollout, tokens: RolloutTokens | null): number | string {
  if (tokens === null) return 'No tokens were recorded for this answer.';
  if (tokens.ids === undefined)
    return `Its tokens can’t be kept: ${tokens.missing?.ids ?? 'their ids were not recorded'}`;
  return tokens.ids.length - Number(stopReason === 'stop');
}

/** Where in the text so many tokens end; null within a character. */
function keptEnd({ text }: Rollout, { pieces }: RolloutTokens, keep: number): number | null {
  let end = 0;
  for (const { span, tokens } of tokenSpans(text, pieces)) {
    if ((tokens[0] as number) >= keep) break;
    if ((tokens.at(-1) as number) >= keep) return null;
    end = span.end;
  }
  return end;
}

function keptOf({ original }: AskedAbout, { keep }: Ask): { ids: readonly number[]; text: string } {
  if (!original?.tokens?.ids || keep === null || keep === 0) return { ids: [], text: '' };
  const end = keptEnd(original.rollout, original.tokens, keep) ?? 0;
  return { ids: original.tokens.ids.slice(0, keep), text: original.rollout.text.slice(0, end) };
}

async function templateOf({ template }: Ask, plan: RunPlan): Promise<PromptTemplate> {
  if (template === null) return readTemplate(plan.promptTemplate ?? undefined);
  if ('file' in template) {
    const { project } = plan.paths;
    const file = path.resolve(project, template.file);
    if (liesOutside(plan.paths.record(file)))
      throw new StudioError('bad-request', 'The template lies outside the project.', {
        place: template.file,
        remedy: 'Put it into the project, or give its text.',
      });
    return readTemplate(file);
  }
  const json = parseJson(template.text);
  const read = promptTemplate.safeParse(json);
  if (read.success) return read.data;
  throw new StudioError(
    'bad-template',
    `The template has a fault: ${faultLine(promptTemplate, json, read.error, 'it')}.`,
    {
      remedy:
        'A template is {"system": text or null, "instruction": text, "answerHint": {one text for each problem type}}.',
    },
  );
}

interface ShownFrames {
  readonly frames: Frames;
  readonly media: AskedPrompt['media'];
  readonly order: readonly number[];
}

async function framesOf(
  { group, original }: AskedAbout,
  asked: AskedFrames,
  seed: number,
  from: AskSources,
): Promise<ShownFrames> {
  const { media, question } = group;
  const seen = seenOrder(media, original?.rollout.order ?? 'ordered');
  if (typeof asked === 'object' && 'count' in asked) {
    const file = path.resolve(path.dirname(from.plan.paths.find(question.dataset)), question.path);
    const limits = { ...frameLimits(from.parameters), minFrames: asked.count, maxFrames: asked.count };
    const loaded = await (await from.media()).load(file, media.kind, limits);
    const { count } = loaded.frames;
    if (count !== asked.count)
      throw new StudioError('bad-request', `The clip has no ${asked.count} frames; ${count} can be chosen from it.`, {
        place: question.path,
        remedy: `Ask for ${count} or fewer.`,
      });
    return { frames: loaded.frames, media: loaded.view, order: loaded.view.indices.map((_, i) => i) };
  }
  const order = orderOf(
    asked,
    seen,
    () => media.shuffledOrder ?? shuffledOrder(media.indices.length, hash32(seed, 0x5f)) ?? seen,
  );
  return { frames: await from.frames(media.key), media, order };
}

function orderOf(
  asked: Exclude<AskedFrames, { count: number }>,
  seen: readonly number[],
  shuffled: () => readonly number[],
): readonly number[] {
  if (typeof asked === 'object') return asked.order;
  switch (asked) {
    case 'as seen':
    case 'none':
      return seen;
    case 'reversed':
      return [...seen].reverse();
    case 'shuffled':
      return shuffled();
    case 'one': {
      const middle = seen[Math.floor((seen.length - 1) / 2)] as number;
      return seen.map(() => middle);
    }
  }
}
