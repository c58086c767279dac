/** Accuracy of a regression answer as the benchmarks count it: by how many bounds its relative error stays under. */
import { answerNumber, notANumber } from './numerical.ts';
import { quote, type Reward, shown } from './reward.ts';

const count = 10;
const epsilon = Math.fround(1e-8);

/**
 * 1 - θ for θ of 0.50, 0.55 … 0.95, as `1 - torch.arange(0.5, 0.975, 0.05, dtype=float32)`: each θ is computed in double
 * precision and then rounded, the difference in float32.
 */
const bounds = Float32Array.from({ length: count }, (_, i) => 1 - Math.fround(0.5 + i * 0.05));

/**
 * Share of the thresholds θ in {0.50, 0.55 … 0.95} for which |answer - solution| / (|solution| + 1e-8) < 1 - θ, all in
 * float32, the comparison strict (Yang et al., "Thinking in Space", eq. 1; Video-R1 `eval_bench.py`). An error that is not a
 * number stays under no bound.
 */
export function meanRelativeAccuracy(answer: string, solution: string): Reward {
  const given = answerNumber(answer);
  const right = answerNumber(solution);
  if (given === null) return notANumber(answer);
  if (right === null) return { value: 0, parts: {}, explanation: `The solution ${quote(solution)} is not a number.` };
  const target = Math.fround(right);
  const difference = Math.fround(Math.abs(Math.fround(Math.fround(given) - target)));
  const error = Math.fround(difference / Math.fround(Math.abs(target) + epsilon));
  const passed = bounds.filter((bound) => error < bound).length;
  return {
    value: passed / count,
    parts: { answer: given, solution: right, relativeError: error, passed },
    explanation: `${shown(given, 6)} is off from ${shown(right, 6)} by ${shown(error * 100, 1)} %, which stays under ${passed} of ${count} bounds from 50 % down to 5 %.`,
  };
}
