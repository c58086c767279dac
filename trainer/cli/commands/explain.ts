/** `video-r1 explain`: what T-GRPO makes of one group, with the reasons. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type ExplainedGroup, explainGroup, type GroupNumbers, readGroupNumbers } from '../../learning/explain.ts';
import { asStudioError, StudioError } from '../../protocol/errors.ts';
import { jsonOf } from '../../protocol/json.ts';
import { type CliCommand, exitCodes, presetOptions, readOptions, readParameters } from '../terminal/command.ts';

export const explainCommand: CliCommand = {
  name: 'explain',
  summary: 'rewards and advantages of one group, with the reasons',
  help: `
video-r1 explain [FILE] [--preset P] [--set NAME=VALUE …] [--json] < group.json

Reads {"data_type", "accuracy": [], "format": [], "lengths": [], "shuffled_accuracy": [], "temporal"?, "len_control"?, "batch_std"?,
"credit"?} and says what T-GRPO makes of it (Video-R1 eq. 1, 2, 3, 5): p and p̃, the temporal test, the length bonus, rewards and advantages.
"temporal": false is plain GRPO, "len_control": false leaves the length bonus out. "batch_std" is what --set advantageScale=batch divides
by; without it the group is a batch by itself. With --set temporal_credit=answer or both, "credit" is what order is worth to each
answer in nats, null where that was not measured. --preset is paper (default), upstream or sample;
--set takes parameters by name (omega=0.1, correct_threshold=0.5) or symbol (α=0.5).
Without --json a table; with it {p, p_shuffled, temporal_pass, temporal_reward, credit_paid, length_bonus, rewards, mean, std, advantages,
advantages_without_temporal, temporal_felt, token_weights, explanation}. "without r_t" is the advantage if nobody had been paid the
temporal reward ("without credit": the credit), which is felt where that is another one. Last it says how the tokens of an answer
stand in the loss (eq. 4): --set lossMean=constant, --set clipHigh=0.28, --set ratio=sequence.

  echo '{"data_type": "video", "accuracy": [1, 1, 0], "format": [1, 1, 1], "lengths": [400, 90, 350], "shuffled_accuracy": [1, 0, 0]}' | video-r1 explain
  echo '{"data_type": "video", "accuracy": [1, 1, 0], "format": [1, 1, 1], "lengths": [40, 25, 30], "credit": [4.9, 0.2, null]}' | video-r1 explain --set temporal_credit=answer
  video-r1 explain group.json --preset upstream --set omega=0.1 --json`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      { ...presetOptions, json: { type: 'boolean', default: false } },
      1,
    );
    const file = positionals[0];
    const parameters = readParameters(values, 'tgrpo');
    const group = readGroupNumbers(await readJson(file), file ?? 'standard input', parameters.temporalCredit);
    const explained = explainGroup(group, parameters);
    process.stdout.write(`${values.json ? JSON.stringify(explained) : explainedText(group, explained)}\n`);
    return exitCodes.done;
  },
};

async function readJson(file: string | undefined): Promise<unknown> {
  const place = file ?? 'standard input';
  try {
    return jsonOf(file === undefined ? await text(process.stdin) : await readFile(file, 'utf8'));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw asStudioError(cause);
    throw new StudioError('bad-input', `It is not JSON: ${cause.message}`, { place, remedy: 'See --help.', cause });
  }
}

const three = (value: number) => value.toFixed(3);

/** What is printed: the group in a line, its answers as a table, the reasons. */
export function explainedText(group: GroupNumbers, e: ExplainedGroup): string {
  const isCredited = e.credit_paid.some((paid) => paid > 0);
  const paid = [...(e.temporal_reward > 0 ? ['r_t'] : []), ...(isCredited ? ['credit'] : [])].join(' and ');
  const columns = [
    'answer',
    'accuracy',
    'format',
    'tokens',
    ...(e.credit_paid.length > 0 ? ['credit'] : []),
    'length bonus',
    'reward',
    'advantage',
    ...(paid ? [`without ${paid}`] : []),
  ];
  const rows = e.rewards.map((reward, i) => [
    String(i + 1),
    three(group.accuracy[i] ?? 0),
    three(group.format[i] ?? 0),
    String(group.lengths[i]),
    ...(e.credit_paid.length > 0 ? [three(e.credit_paid[i] ?? 0)] : []),
    three(e.length_bonus[i] ?? 0),
    three(reward),
    three(e.advantages[i] ?? 0),
    ...(paid ? [three(e.advantages_without_temporal[i] ?? 0)] : []),
  ]);
  const widths = columns.map((name, c) => Math.max(name.length, ...rows.map((row) => row[c]?.length ?? 0)));
  const lines = [columns, ...rows].map((row) => row.map((cell, c) => cell.padStart(widths[c] ?? 0)).join('  '));
  const felt = !paid ? '' : e.temporal_felt.includes(true) ? ', felt' : ', not felt';
  const test =
    e.temporal_pass === null
      ? `p ${three(e.p)}; no temporal test${felt && `; credit${felt}`}`
      : `p ${three(e.p)}, p̃ ${three(e.p_shuffled ?? 0)}; temporal test ${e.temporal_pass ? 'passed' : 'failed'}, r_t ${three(e.temporal_reward)}${isCredited ? ' and credit' : ''}${felt}`;
  return [`${test}; mean ${three(e.mean)}, std ${three(e.std)}`, '', ...lines, '', ...e.explanation].join('\n');
}
