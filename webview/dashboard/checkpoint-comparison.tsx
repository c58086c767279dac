/** Two checkpoints of a run side by side: their figures, the parameters that differ, and how to put both to a benchmark. */
import { useEffect, useState } from 'preact/hooks';
import type { ComparedCheckpoints } from '../../trainer/protocol/checkpoint-shelf.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { isParameterName, parameters } from '../../trainer/protocol/parameters.ts';
import { gapOf } from '../../trainer/protocol/records.ts';
import { dateWords } from '../../trainer/protocol/run-words.ts';
import type { Host } from '../host.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { clock, fileSize, fixed, grouped, plain, signed } from '../ui/numbers.ts';
import { Tool } from '../ui/tool.tsx';
import { Button, Dropdown } from '../ui/toolkit.tsx';
import styles from './checkpoint-comparison.module.css';

interface CheckpointComparisonProps {
  readonly feed: RunFeed;
  readonly host: Host;
  readonly first: number;
  /** Of all others, newest first. */
  readonly others: readonly number[];
  readonly onEvaluations: (first: string, second: string) => void;
  readonly onClose: () => void;
}

type Side = ComparedCheckpoints['first'];

const figures: readonly { readonly name: string; of(side: Side): number | null; readonly decimals: number }[] = [
  { name: 'evaluation', of: ({ evaluation }) => evaluation?.all.ordered ?? null, decimals: 3 },
  {
    name: 'evaluation, need order',
    of: ({ evaluation }) => evaluation?.needsOrder?.ordered ?? null,
    decimals: 3,
  },
  {
    name: 'what order is worth',
    of: ({ evaluation }) => evaluation && gapOf(evaluation.needsOrder ?? evaluation.all),
    decimals: 3,
  },
  { name: 'reward, last 10 steps', of: ({ reward }) => reward, decimals: 3 },
  { name: 'accuracy, last 10 steps', of: ({ accuracy }) => accuracy, decimals: 3 },
];

export function CheckpointComparison({ feed, host, first, others, onEvaluations, onClose }: CheckpointComparisonProps) {
  const [second, setSecond] = useState(others.find((step) => step < first) ?? others[0] ?? first);
  const [compared, setCompared] = useState<ComparedCheckpoints | null>(null);
  useEffect(() => {
    setCompared(null);
    let isWanted = true;
    feed.request('checkpoints/compare', { steps: [second, first] }).then(
      (answer) => {
        if (isWanted) setCompared(answer);
      },
      (thrown: unknown) => feed.fail(thrown),
    );
    return () => {
      isWanted = false;
    };
  }, [first, second]);
  const { trainer } = feed.connection.state.get();
  const call = (step: number) =>
    `npx video-r1 eval ${feed.id} --from ${step} --folder ${JSON.stringify(trainer?.folder ?? '.')}`;
  const evaluated = compared?.first.evaluation && compared.second.evaluation;
  return (
    <section class={styles.comparison} aria-label="Comparison of two checkpoints">
      <p class={styles.head}>
        <Dropdown
          class={styles.other}
          label="Compare with"
          value={String(second)}
          choices={others.map((step) => ({ value: String(step), label: `step ${grouped(step)}` }))}
          onChoose={(step) => setSecond(Number(step))}
        />
        <span>beside step {grouped(first)}</span>
        <Tool icon="cross" label="Close the comparison" onPress={onClose} />
      </p>
      {compared && (
        <>
          <table>
            <thead>
              <tr>
                <th />
                <th class="num">step {grouped(second)}</th>
                <th class="num">step {grouped(first)}</th>
                <th class="num">change</th>
              </tr>
            </thead>
            <tbody>
              <tr>
                <td>saved</td>
                <td class="num dim" title={dateWords(compared.first.checkpoint.at)}>
                  {clock(compared.first.checkpoint.at)}
                </td>
                <td class="num dim" title={dateWords(compared.second.checkpoint.at)}>
                  {clock(compared.second.checkpoint.at)}
                </td>
                <td />
              </tr>
              <tr>
                <td>size</td>
                <td class="num dim">{fileSize(compared.first.checkpoint.sizeBytes)}</td>
                <td class="num dim">{fileSize(compared.second.checkpoint.sizeBytes)}</td>
                <td />
              </tr>
              {figures.map(({ name, of, decimals }) => {
                const [one, two] = [of(compared.first), of(compared.second)];
                return (
                  <tr key={name}>
                    <td>{name}</td>
                    <td class="num">{fixed(one, decimals)}</td>
                    <td class="num">{fixed(two, decimals)}</td>
                    <td class="num dim">{one === null || two === null ? '–' : signed(two - one, decimals)}</td>
                  </tr>
                );
              })}
              {compared.differences.map(({ name, first: one, second: two }) => (
                <tr key={name} class={styles.changed}>
                  <td>{isParameterName(name) ? parameters[name].label : shownLine(name)}</td>
                  <td class="num">{shownLine(plain(one))}</td>
                  <td class="num">{shownLine(plain(two))}</td>
                  <td class="num dim">changed</td>
                </tr>
              ))}
            </tbody>
          </table>
          {compared.differences.length === 0 && <p class="dim">Both were saved with the same parameters.</p>}
          <p class={styles.actions}>
            {evaluated && (
              <Button
                onPress={() => onEvaluations(compared.first.evaluation?.id ?? '', compared.second.evaluation?.id ?? '')}
              >
                Answers side by side
              </Button>
            )}
            {[second, first].map((step) => (
              <Button
                key={step}
                title={call(step)}
                onPress={() => void host.copy(call(step), 'the command').catch((thrown: unknown) => feed.fail(thrown))}
              >
                Copy eval of step {grouped(step)}
              </Button>
            ))}
          </p>
        </>
      )}
    </section>
  );
}
