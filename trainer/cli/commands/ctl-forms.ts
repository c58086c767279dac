/** `video-r1 ctl`: each command as it is typed, and what of it is a request to a run. What may be asked, and when, is the protocol's. */

import {
  type CommandKind,
  type CommandRequest,
  commandKinds,
  commandRequest,
  commands,
  pinNote,
} from '../../protocol/commands.ts';
import { correctionWhy } from '../../protocol/corrections.ts';
import { evaluationArm, evaluationArms } from '../../protocol/evaluation-arms.ts';
import { formerMeant } from '../../protocol/former-names.ts';
import { namedNumbers } from '../../protocol/named-numbers.ts';
import { nearestClause } from '../../protocol/nearest.ts';
import { parameterMeant } from '../../protocol/parameters.ts';
import { safePoint } from '../../protocol/run-state.ts';
import { oneOf, readValue, usage, wholeNumber } from '../terminal/command.ts';
import { breakForms, breakRequest } from './ctl-break.ts';

/** What may follow a command: words in their order, and an option of its own. */
interface Form {
  readonly words: readonly string[];
  readonly option?: 'release' | 'now' | 'off';
  /** Takes --why. */
  readonly why?: true;
  /** Takes --from, of which `carryOut` makes a request. */
  readonly from?: true;
  /** Takes --yes, which agrees to what is asked. */
  readonly yes?: true;
  /** Takes --note. */
  readonly note?: true;
  /** Takes --at. */
  readonly at?: true;
  /** `words` are as many as the form has at most; undefined where one was left out. */
  request(words: readonly (string | undefined)[], option: boolean): unknown;
  readonly explains?: string;
}

/** Each command as it is typed. What it may be asked, and when, is the protocol's. */
const forms: Readonly<Record<Exclude<CommandKind, 'break'>, Form>> = {
  start: {
    words: ['[FILE]'],
    request: () => ({ kind: 'start' }),
    explains: 'FILE: creates a run from this run file first',
  },
  queue: {
    words: ['[FILE]'],
    request: () => ({ kind: 'queue' }),
    explains: 'it starts when the runs before it have ended; FILE: as with start',
  },
  dequeue: { words: [], request: () => ({ kind: 'dequeue' }) },
  pause: {
    words: [],
    option: 'release',
    at: true,
    request: (_, release) => ({ kind: 'pause', release }),
    explains: `--release: at the end of the step, saved, its memory free; --at: ${safePoint.options.join(', ')}`,
  },
  resume: {
    words: [],
    from: true,
    yes: true,
    request: () => ({ kind: 'resume' }),
    explains: '--from: the checkpoint of a step; --yes: agree to what it leaves out',
  },
  step: {
    words: ['[N]'],
    request: ([count = '1']) => {
      if (!/^[1-9]\d{0,8}$/.test(count)) throw usage(`step takes a number of steps, and ${count} is none.`);
      return { kind: 'step', count: Number(count) };
    },
    explains: 'N: so many steps; one where it is left out',
  },
  'run-to': {
    words: ['POINT', '[STEP]'],
    request: ([point, step]) => ({
      kind: 'run-to',
      point: oneOf('run-to', point ?? '', safePoint.options),
      ...(step !== undefined && { step: wholeNumber('STEP', step, 1) }),
    }),
    explains: 'POINT as of pause --at; STEP: of this one; of the next that comes where it is left out',
  },
  stop: {
    words: [],
    option: 'now',
    request: (_, now) => ({ kind: 'stop', when: now ? 'now' : 'after-step' }),
    explains: '--now: without finishing the step under way',
  },
  save: { words: [], request: () => ({ kind: 'save' }) },
  evaluate: {
    words: ['[direct]', '[reversed]'],
    request: (words) => {
      const arms = words.filter((word) => word !== undefined);
      const unknown = arms.find((arm) => !evaluationArm.safeParse(arm).success);
      if (unknown !== undefined)
        throw usage(`evaluate takes ${evaluationArms.join(' and ')}, and ${unknown} is neither.`);
      return { kind: 'evaluate', ...(arms.length > 0 && { arms }) };
    },
    explains: 'direct: without reasoning too; reversed: videos backwards too',
  },
  'read-labels': {
    words: [],
    request: () => ({ kind: 'read-labels' }),
    explains: 'obeys what people have said of its rows since',
  },
  mask: {
    words: ['ID…'],
    option: 'off',
    why: true,
    request: (rollouts, off) => {
      if (rollouts.length === 0) throw usage('mask takes the answers by their ids.');
      return { kind: 'mask', rollouts, masked: !off };
    },
    explains: 'the update of the step under way is made without the answers ID…; --off: with them again',
  },
  rescore: {
    words: ['ID', 'SCORE…'],
    why: true,
    request: ([rollout, ...scores]) => {
      if (rollout === undefined || scores.length === 0)
        throw usage('rescore takes an answer by its id, and its scores, or found.');
      return { kind: 'rescore', rollout, scores: scores[0] === 'found' ? null : scoresOf(scores) };
    },
    explains: 'SCORE: accuracy=0…1, format=0…1, in place of what scoring found; found: as found again',
  },
  skip: {
    words: ['ROW'],
    option: 'off',
    why: true,
    request: ([row], off) => ({ kind: 'skip', row: wholeNumber('ROW', row ?? '', 0), skipped: !off }),
    explains: 'ROW: number of a question in the dataset, from 0, that is asked no more; --off: asked again',
  },
  mix: {
    words: ['SOURCE=WEIGHT…'],
    request: (words) => ({ kind: 'mix', weights: words[0] === 'none' ? null : weightsOf(words) }),
    explains: 'shares of the sources, each named; none: as the dataset has them',
  },
  set: {
    words: ['NAME', 'VALUE'],
    request: ([parameter, value]) => {
      if (parameter === undefined || value === undefined) throw usage('Name a parameter and its value.');
      return {
        kind: 'set',
        parameter: parameterMeant(parameter) ?? formerMeant(parameter) ?? parameter,
        value: readValue(value),
      };
    },
  },
  pin: {
    words: ['STEP'],
    note: true,
    request: ([step]) => ({ kind: 'pin', step: checkpointStep('pin', step) }),
    explains: 'the checkpoint of this step stays until it is unpinned; --note: why',
  },
  unpin: { words: ['STEP'], request: ([step]) => ({ kind: 'unpin', step: checkpointStep('unpin', step) }) },
  'remove-checkpoint': {
    words: ['STEP'],
    yes: true,
    request: ([step]) => ({ kind: 'remove-checkpoint', step: checkpointStep('remove-checkpoint', step) }),
    explains: 'from the disk; --yes: agree to what that means',
  },
};

/** `accuracy=1` or `format=0`, of either one. */
function scoresOf(words: readonly (string | undefined)[]): Record<string, number> {
  const scores = numbersOf(words, 'rescore');
  const unknown = Object.keys(scores).find((name) => name !== 'accuracy' && name !== 'format');
  if (unknown !== undefined) throw usage(`rescore takes accuracy=, format= or found, and ${unknown} is none.`);
  return scores;
}

function weightsOf(words: readonly (string | undefined)[]): Record<string, number> {
  if (words.length === 0) throw usage('mix takes a weight for every source: STAR=2 CLEVRER=1.');
  return numbersOf(words, 'mix');
}

function numbersOf(words: readonly (string | undefined)[], kind: string): Record<string, number> {
  const read = namedNumbers(words.map((word = '') => word));
  if ('wrong' in read) throw usage(`${kind} takes NAME=NUMBER, and ${read.wrong} is not of that form.`);
  return read.values;
}

function checkpointStep(kind: string, word: string | undefined): number {
  if (word === undefined) throw usage(`${kind} wants the step of a checkpoint.`);
  return wholeNumber('STEP', word, 0);
}

/** What is asked of the trainer and not of a run. */
const otherForms: Readonly<Record<'list' | 'checkpoints' | 'delete' | 'mute' | 'unmute', Omit<Form, 'request'>>> = {
  list: { words: [] },
  checkpoints: { words: [] },
  delete: { words: [] },
  mute: { words: ['ADVISORY'] },
  unmute: { words: ['ADVISORY'] },
};
export type Other = keyof typeof otherForms;
const others = Object.keys(otherForms) as Other[];
const isOther = (kind: string): kind is Other => Object.hasOwn(otherForms, kind);

function typed(kind: Exclude<CommandKind, 'break'>): string {
  const { words, option, from, at, yes, note, why } = forms[kind];
  return [
    kind,
    ...words,
    ...(option ? [`[--${option}]`] : []),
    ...(why ? ['--why TEXT'] : []),
    ...(at ? ['[--at POINT]'] : []),
    ...(from ? ['[--from STEP]'] : []),
    ...(note ? ['[--note TEXT]'] : []),
    ...(yes ? ['[--yes]'] : []),
  ].join(' ');
}

/** Characters. */
export const fieldWidth = 31;

export const helpLines = commandKinds.flatMap((kind) => {
  if (kind === 'break') return breakForms.map(({ words, does }) => `  ${words.padEnd(fieldWidth)} ${does}`);
  const { explains } = forms[kind];
  return `  ${typed(kind).padEnd(fieldWidth)} ${commands[kind].label}${explains ? `; ${explains}` : ''}`;
});

/** @throws StudioError `bad-request` for what is no command, or for words and options that it does not have */
export function readRequest(
  positionals: readonly string[],
  options: {
    readonly release: boolean;
    readonly now: boolean;
    readonly off?: boolean;
    readonly why?: string;
    readonly from?: string;
    readonly at?: string;
    readonly log?: boolean;
    readonly 'no-log'?: boolean;
    readonly yes?: boolean;
    readonly note?: string;
  },
): CommandRequest | Other | 'breakpoints' {
  const [named, ...words] = positionals;
  if (named === undefined) throw usage('Name a command.');
  const kind = [...others, ...commandKinds].find((known) => known === named);
  if (kind === undefined)
    throw usage(`There is no command ${named}${nearestClause(named, [...others, 'fork', ...commandKinds])}.`);
  const { log = false, 'no-log': noLog = false } = options;
  if (kind === 'break') {
    if (options.release || options.now || options.yes || options.from !== undefined)
      throw usage('break takes no --release, --now, --from and --yes.');
    return breakRequest(words, { at: options.at, log, noLog });
  }
  if (log || noLog) throw usage(`${kind} takes no --log and no --no-log.`);
  const form: Omit<Form, 'request'> = isOther(kind) ? otherForms[kind] : forms[kind];
  const isOpen = form.words.at(-1)?.endsWith('…') === true;
  const over = isOpen ? [] : words.slice(form.words.length);
  if (over.length > 0) throw usage(`${kind} takes no ${over.join(' ')}.`);
  for (const option of ['release', 'now', 'off'] as const)
    if (options[option] && form.option !== option) throw usage(`${kind} takes no --${option}.`);
  const { from, at, yes = false, note, why } = options;
  const given = {
    from: from !== undefined,
    at: at !== undefined,
    yes,
    note: note !== undefined,
    why: why !== undefined,
  };
  for (const option of ['from', 'at', 'yes', 'note', 'why'] as const)
    if (given[option] && form[option] === undefined) throw usage(`${kind} takes no --${option}.`);
  if (form.why && !correctionWhy.safeParse(why).success)
    throw usage(`${kind} wants --why TEXT, of 1000 characters at most: it is kept with what it changes.`);
  if (isOther(kind)) return kind;
  const request = forms[kind].request(words, options.release || options.now || options.off === true);
  return commandRequest.parse({
    ...(request as object),
    // The step under way, which is filled in when the run is known.
    ...(form.why && kind !== 'skip' && { step: 1 }),
    ...(why !== undefined && { why }),
    ...(from !== undefined && { from: wholeNumber('from', from, 0) }),
    ...(at !== undefined && { at: oneOf('--at', at, safePoint.options) }),
    ...(note !== undefined && { note: pinNote.parse(note.trim()) }),
  });
}
