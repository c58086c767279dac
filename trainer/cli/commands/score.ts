/** `video-r1 score`: the rewards of completions, line by line. */
import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { z } from 'zod';
import { linesOf } from '../../journal/lines.ts';
import { problemType, problemTypes } from '../../protocol/dataset.ts';
import { StudioError } from '../../protocol/errors.ts';
import { faultLine } from '../../protocol/issues.ts';
import { jsonOf } from '../../protocol/json.ts';
import { nearestClause } from '../../protocol/nearest.ts';
import { parseCompletion } from '../../reasoning/completion.ts';
import { extractAnswer } from '../../rewards/answer.ts';
import { evaluationScore } from '../../rewards/evaluation-score.ts';
import { isPythonSpace, pythonStrip } from '../../rewards/python-text.ts';
import { quote } from '../../rewards/reward.ts';
import { type ScoreOptions, score } from '../../rewards/score.ts';
import { type CliCommand, exitCodes, presetOptions, readOptions, readParameters } from '../terminal/command.ts';
import { LiveLine } from '../terminal/progress.ts';

/** A longer solution is no answer to compare with, and would make the word tables of OCR too large. */
const longestSolution = 20_000;

const scoredLine = z.looseObject({
  completion: z.string(),
  solution: z.string().max(longestSolution),
  problem_type: problemType,
});

export type LineReward =
  | { accuracy: number; format: number; answer: string; think: string; explanation: string }
  | { accuracy: number; correct: boolean; explanation: string };

/**
 * The same line with its `reward`. A solution is taken from its answer tags, as in a dataset, or as it is where it has none.
 * @throws StudioError `bad-request` saying what is wrong with the line
 */
export function scoreLine(
  bytes: Buffer,
  how: { readonly evaluation: boolean } & ScoreOptions,
): Record<string, unknown> & { reward: LineReward } {
  if (!isUtf8(bytes)) throw new StudioError('bad-input', 'It is not UTF-8 text.');
  let value: unknown;
  try {
    value = jsonOf(bytes.toString('utf8'));
  } catch (cause) {
    throw new StudioError('bad-input', `It is not JSON: ${(cause as Error).message}`, { cause });
  }
  const checked = scoredLine.safeParse(value);
  if (!checked.success) throw new StudioError('bad-input', faultOf(value, checked.error));
  const { completion, solution: given, problem_type } = checked.data;
  const question = { problemType: problem_type, solution: extractAnswer(given) ?? pythonStrip(given) };
  if (how.evaluation) {
    const { accuracy, correct, explanation } = evaluationScore(completion, question);
    return { ...checked.data, reward: { accuracy, correct, explanation } };
  }
  const scored = score(completion, question, how);
  return {
    ...checked.data,
    reward: {
      accuracy: scored.accuracy,
      format: scored.format,
      answer: scored.answer,
      think: parseCompletion(completion).thinkText,
      explanation: `${scored.accuracyExplanation} ${scored.formatExplanation}`,
    },
  };
}

function faultOf(value: unknown, error: z.ZodError): string {
  const type = (value as { problem_type?: unknown } | null)?.problem_type;
  if (typeof type === 'string' && !(problemTypes as readonly string[]).includes(type))
    return `problem_type ${quote(type)} is not known${nearestClause(type, problemTypes, (near) => `"${near}"`)}.`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'It is not an object.';
  return faultLine(scoredLine, value, error, 'the line');
}

export const scoreCommand: CliCommand = {
  name: 'score',
  summary: 'the rewards of completions, line by line',
  help: `
video-r1 score [--preset P] [--set NAME=VALUE …] [--eval] < in.jsonl > out.jsonl

Reads lines {"completion": …, "solution": …, "problem_type": …} and writes each again with its reward:
{"accuracy", "format", "answer", "think", "explanation"}; other keys are kept. Rewards are unweighted, 0 to 1.
--eval scores as the benchmarks do: {"accuracy", "correct", "explanation"}; the whole text counts where there is no answer tag,
regression by mean relative accuracy, OCR and free-form score 0.
--preset is paper (default), upstream or sample; of these parameters the rewards read nanRegressionPays alone.
A bad line is reported by its number on the standard error and left out of the output.
Ends with 0 when every line was scored, 1 when some were bad, 2 when the command line is wrong.

  echo '{"completion": "<think>two</think><answer>2</answer>", "solution": "<answer>2</answer>", "problem_type": "numerical"}' | video-r1 score
  video-r1 score --eval < outputs.jsonl > scored.jsonl`,
  async run(args) {
    const { values, positionals } = readOptions(
      args,
      {
        ...presetOptions,
        eval: { type: 'boolean', default: false },
      },
      Number.POSITIVE_INFINITY,
    );
    if (positionals.length > 0)
      throw new StudioError('bad-request', `Lines are read from the standard input, not from ${positionals[0]}.`, {
        remedy: 'Write: video-r1 score < FILE',
      });
    const { nanRegressionPays } = readParameters(values, 'tgrpo');
    const how = { evaluation: values.eval, nanRegressionPays };
    if (process.stdin.isTTY) process.stderr.write('Reading JSON lines from the terminal; Ctrl-D ends them.\n');
    const line = new LiveLine(process.stderr, Number.POSITIVE_INFINITY);
    let scored = 0;
    let bad = 0;
    for await (const { number, bytes } of linesOf(process.stdin)) {
      if (bytes.every(isPythonSpace)) continue;
      try {
        const text = `${JSON.stringify(scoreLine(bytes, how))}\n`;
        scored++;
        if (!process.stdout.write(text)) await once(process.stdout, 'drain');
      } catch (thrown) {
        if (!(thrown instanceof StudioError)) throw thrown;
        bad++;
        line.say(`video-r1: line ${number}: ${thrown.message}`);
      }
      if (process.stderr.isTTY && !process.stdout.isTTY && (scored + bad) % 1000 === 0)
        line.show(`${scored.toLocaleString('en-US')} lines scored`);
    }
    line.end();
    if (bad > 0) line.say(`video-r1: ${bad} of ${scored + bad} lines are bad and were left out.`);
    return bad === 0 ? exitCodes.done : exitCodes.failed;
  },
};
