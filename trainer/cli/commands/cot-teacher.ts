/** Which teacher a command line of `video-r1 cot` names, and what of it the journal must remember. */
import path from 'node:path';
import { type EndpointSettings, EndpointTeacher, endpointOf } from '../../cot/endpoint-teacher.ts';
import { EngineTeacher } from '../../cot/engine-teacher.ts';
import type { MediaSource } from '../../cot/generate.ts';
import type { JournalHeader } from '../../cot/journal.ts';
import type { Teacher } from '../../cot/teacher.ts';
import type { Dataset } from '../../data/dataset.ts';
import { modelFiles } from '../../engines/model-folder.ts';
import { sha256OfFiles } from '../../journal/file-hash.ts';
import { withOverrides } from '../../learning/presets.ts';
import { trainerFolder } from '../../protocol/discovery.ts';
import { isParameterName } from '../../protocol/parameters.ts';
import { defaultEngine } from '../../protocol/runfile.ts';
import { type PromptTemplate, readTemplate } from '../../reasoning/template.ts';
import { checkpointName, type FoundCheckpoint, findCheckpoint } from '../../runs/find-checkpoint.ts';
import { frameLimits } from '../../video/choose.ts';
import { findFfmpeg } from '../../video/ffmpeg.ts';
import { type FrameLimits, MediaLoader } from '../../video/load.ts';
import { fromOption, readParameters, readSettings, usage } from '../terminal/command.ts';
import { type CotValues, number } from './cot-options.ts';

export interface ChosenTeacher {
  readonly identity: JournalHeader['teacher'];
  readonly sampling: JournalHeader['sampling'];
  readonly media: JournalHeader['media'];
  readonly template: PromptTemplate;
  /** Null where files are handed over as they are. */
  readonly limits: FrameLimits | null;
  /** What a person should know before anything is sent. */
  readonly warning: string | null;
  start(dataset: Dataset): Promise<Teacher>;
}

export async function chooseTeacher(values: CotValues): Promise<ChosenTeacher> {
  if ((values.endpoint === undefined) === (values.checkpoint === undefined))
    throw usage('Name one teacher, with --endpoint or with --checkpoint.');
  const sampling = {
    temperature: number(values, 'temperature', { min: 0, max: 5 }),
    topP: number(values, 'top-p', { min: 0, max: 1 }),
    maxTokens: number(values, 'max-tokens', { min: 1, whole: true }),
    seed: number(values, 'seed', { min: 0, max: 0xffffffff, whole: true }),
  };
  return values.checkpoint === undefined ? endpointTeacher(values, sampling) : engineTeacher(values, sampling);
}

async function endpointTeacher(values: CotValues, sampling: JournalHeader['sampling']): Promise<ChosenTeacher> {
  const endpoint = endpointOf(values.endpoint as string, '--endpoint');
  const { model } = values;
  if (model === undefined || model === '') throw usage('Name the model with --model.');
  if (values.media !== 'frames' && values.media !== 'video-url') throw usage('--media is frames or video-url.');
  if (values['media-base'] !== undefined && values.media === 'frames')
    throw usage('--media-base goes with --media video-url.');
  if (values.media === 'video-url' && (values.preset !== undefined || values.set.length > 0))
    throw usage('--preset and --set choose frames, and with --media video-url the server chooses them.');
  const mediaBase = values['media-base'] === undefined ? null : endpointOf(values['media-base'], '--media-base');
  const limits = values.media === 'frames' ? limitsOf(values, null) : null;
  const template = await readTemplate(values.template);
  const key = keyFrom(values['key-env']);
  const { temperature, topP, maxTokens } = sampling;
  const settings: EndpointSettings = {
    ...{ endpoint, model, key, template, temperature, topP, maxTokens, mediaBase },
    timeoutMs: 1000 * number(values, 'timeout', { min: 0.1, max: 300 }),
    retries: number(values, 'retries', { min: 0, max: 30, whole: true }),
    callsAtOnce: number(values, 'concurrency', { min: 1, max: 1000, whole: true }, 8),
  };
  return {
    identity: { endpoint: endpoint.href, model },
    sampling,
    media: limits ? { ...limits } : { as: 'video-url', base: mediaBase?.href ?? 'data' },
    template,
    limits,
    warning:
      key !== null && endpoint.protocol === 'http:' && !isLoopback(endpoint)
        ? `The key goes to ${endpoint.host} unencrypted: the address begins with http://.`
        : null,
    start: async () => new EndpointTeacher(settings),
  };
}

/** The API key, or null where there is none. A header takes no other characters. @throws StudioError `bad-request` */
function keyFrom(variable: string): string | null {
  const key = process.env[variable]?.trim() ?? '';
  if (!/^[\x21-\x7e]*$/.test(key)) throw usage(`The key in ${variable} holds characters that no key has.`);
  return key === '' ? null : key;
}

const isLoopback = ({ hostname }: URL) =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);

async function engineTeacher(values: CotValues, sampling: JournalHeader['sampling']): Promise<ChosenTeacher> {
  if (values.model !== undefined || values['media-base'] !== undefined || values.media !== 'frames')
    throw usage('--model, --media and --media-base go with --endpoint.');
  const found = await findCheckpoint(
    values.checkpoint as string,
    values.folder === undefined ? null : path.resolve(values.folder),
    fromOption(values.from),
  );
  const template = await readTemplate(values.template ?? found.plan?.promptTemplate ?? undefined);
  const limits = limitsOf(values, found);
  const { temperature, topP, maxTokens } = sampling;
  const samplesPerCall = number(values, 'concurrency', { min: 1, max: 1000, whole: true }, 16);
  return {
    identity: { checkpoint: checkpointName(found), sha256: await sha256OfFiles(await modelFiles(found.folder)) },
    sampling,
    media: { ...limits },
    template,
    limits,
    warning: null,
    start: (dataset) =>
      EngineTeacher.load(found.folder, found.plan?.engine ?? defaultEngine, dataset.dataTypes(), {
        template,
        sampling: { temperature, topP, maxTokens },
        samplesPerCall,
      }),
  };
}

/** How frames are chosen: as the checkpoint's run did, or as a preset says, with what `--set` changes. */
function limitsOf(values: CotValues, found: FoundCheckpoint | null): FrameLimits {
  const preset = readParameters({ preset: values.preset ?? 'paper', set: [] }, 'sft');
  const base = (values.preset === undefined ? found?.state?.parameters : undefined) ?? preset;
  const given = readSettings(values.set);
  const names = Object.keys(frameLimits(base));
  const foreign = Object.keys(given).find((name) => isParameterName(name) && !names.includes(name));
  if (foreign) throw usage(`--set ${foreign} has nothing to do with frames; those are ${names.join(', ')}.`);
  return frameLimits(withOverrides(base, given, 'bad-request', '--set'));
}

/** What shows the questions' media to the teacher. @throws StudioError `ffmpeg-missing` */
export async function mediaSource(
  limits: FrameLimits | null,
  values: CotValues,
  dataset: Dataset,
): Promise<MediaSource> {
  if (!limits) return { kind: 'file' };
  const cache = path.join(path.resolve(values.folder ?? dataset.folder), trainerFolder, 'cache');
  return { kind: 'frames', loader: new MediaLoader(await findFfmpeg(values.ffmpeg), cache, 2e9), limits };
}
