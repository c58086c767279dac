/** The temporal test as two bars with the threshold as a tick, and its arithmetic in a line. */
import type { Rollout, TemporalTest } from '../../trainer/protocol/records.ts';
import { CorrectMark } from '../ui/icons.tsx';
import { fixed, plain } from '../ui/numbers.ts';
import { Section } from '../ui/tool.tsx';

interface TemporalTestProps {
  readonly test: TemporalTest;
  readonly ordered: readonly Rollout[];
  readonly shuffled: readonly Rollout[];
}

export function TemporalTestView({ test, ordered, shuffled }: TemporalTestProps) {
  const threshold = test.mu * test.pShuffled;
  return (
    <>
      <Section title="Temporal test" tools={<span class="dim">p {test.comparison} μ p̃</span>} />
      <div class="test">
        <span class="mono">p</span>
        <Bar share={test.p} threshold={threshold} kind="ordered" />
        <span class="num">{shareWords(test.p, ordered)}</span>
        <span class="mono">p̃</span>
        <Bar share={test.pShuffled} threshold={null} kind="shuffled" />
        <span class="num">{shareWords(test.pShuffled, shuffled)}</span>
        <p class="verdict">
          <span class="eq">{equation(test)}</span> <CorrectMark correct={test.passed} />{' '}
          {test.passed
            ? `passed: each right ordered answer gets α = ${plain(test.paid)}.`
            : 'not passed: nobody gets the temporal reward.'}
        </p>
      </div>
    </>
  );
}

/** `0.750 > 0.8 × 0.500 = 0.400`, with the sign that holds when the test failed. */
export function equation({ p, pShuffled, mu, comparison, passed }: TemporalTest): string {
  const sign = passed ? (comparison === '>=' ? '≥' : '>') : comparison === '>=' ? '<' : '≤';
  return `${fixed(p, 3)} ${sign} ${plain(mu)} × ${fixed(pShuffled, 3)} = ${fixed(mu * pShuffled, 3)}`;
}

/** As a count where the share is one of right answers; a mean accuracy is no count. */
function shareWords(share: number, rollouts: readonly Rollout[]): string {
  const right = rollouts.filter(({ correct }) => correct).length;
  const counted = rollouts.length > 0 && Math.abs(right / rollouts.length - share) < 1e-6;
  return counted ? `${right}/${rollouts.length} = ${fixed(share, 3)}` : fixed(share, 3);
}

function Bar({ share, threshold, kind }: { share: number; threshold: number | null; kind: 'ordered' | 'shuffled' }) {
  const percent = (value: number) => `${Math.max(0, Math.min(1, value)) * 100}%`;
  return (
    <svg width="100%" height="12" aria-hidden="true">
      <rect class="slot" width="100%" height="12" />
      {kind === 'shuffled' && (
        <defs>
          <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="2" height="5" class="hatch" />
          </pattern>
        </defs>
      )}
      <rect class={`bar-${kind}`} width={percent(share)} height="12" />
      {threshold !== null && <line class="threshold" x1={percent(threshold)} x2={percent(threshold)} y1="-3" y2="15" />}
    </svg>
  );
}
