/** Whose weights are asked, how they sample, and who else is asked the same. */
import { useEffect, useState } from 'preact/hooks';
import { mostAnswers, type WeightsNamed } from '../../trainer/protocol/ask.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { seedHints, seedsOf } from '../../trainer/protocol/seed-words.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { useStore } from '../ui/store.ts';
import type { Asking } from './asking.ts';
import { Block } from './block.tsx';
import type { Draft } from './draft.ts';
import { eachOnce, keyOf, offeredWords, ownName } from './offered-weights.ts';
import styles from './sampling-fields.module.css';

interface SamplingFieldsProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly asking: Asking;
  readonly changed: boolean;
}

/** Of the run itself, and of others beside it, as many as can be chosen from. */
const offered = { own: 12, also: 6, others: 4 };

export function SamplingFields({ session, feed, asking, changed }: SamplingFieldsProps) {
  const { draft, original, cost } = useStore(asking.state, (held) => held);
  const checkpoints = useStore(feed.state, ({ view }) => view.checkpoints);
  const run = useStore(feed.state, ({ view }) => view.run);
  const { parameters } = run;
  const others = useOthers(session, feed);
  const steps = [...new Set(checkpoints.map(({ step }) => step))].sort((a, b) => b - a);
  const own = steps.map((step) => ({ run: feed.id, step }));
  const first = cost?.weights[0] ?? null;
  const isEvaluation = original.group.purpose === 'evaluation';
  const nameOf = (one: WeightsNamed) => keyOf(ownName(one, run));
  const chosen = draft.checkpoint === null ? '' : nameOf(draft.checkpoint);
  const all = eachOnce(own, others, run);
  const choosable = eachOnce(own.slice(0, offered.own), all.slice(own.length), run);
  const also = all.filter((one) => first === null || keyOf(one) !== nameOf(first)).slice(0, offered.also);
  const toggle = (weights: WeightsNamed, on: boolean) => {
    const left = draft.also.filter((one) => nameOf(one) !== keyOf(weights));
    asking.edit({ also: on ? [...left, weights] : left });
  };
  const field = (
    name: keyof Draft & ('n' | 'temperature' | 'topP' | 'maxTokens' | 'seed'),
    label: string,
    asRun: string,
    note: string,
  ) => (
    <label>
      <span>{label}</span>
      <input
        inputMode="decimal"
        spellcheck={false}
        placeholder={asRun}
        value={draft[name]}
        onInput={({ currentTarget: { value } }) => asking.edit({ [name]: value }, name)}
      />
      <span class="dim">{note}</span>
    </label>
  );
  return (
    <>
      <Block title="Weights and sampling" {...{ changed }}>
        <div class={styles.fields}>
          <label>
            <span>weights</span>
            <select
              value={chosen}
              onChange={({ currentTarget: { value } }) =>
                asking.edit({ checkpoint: choosable.find((one) => keyOf(one) === value) ?? null })
              }
            >
              <option value="">
                {first === null || first.same
                  ? 'those that answered'
                  : `${shownLine(offeredWords(first, run), 60)}, the nearest`}
              </option>
              {choosable.map((one) => (
                <option key={keyOf(one)} value={keyOf(one)}>
                  {shownLine(offeredWords(one, run), 60)}
                </option>
              ))}
            </select>
            <span class="dim">
              {first === null || (first.same && chosen === '')
                ? ''
                : first.same
                  ? 'those that answered'
                  : 'not those that answered'}
            </span>
          </label>
          {field('n', 'answers', '4', `1 to ${mostAnswers}`)}
          {field(
            'temperature',
            'temperature',
            String(isEvaluation ? parameters.evaluationTemperature : parameters.temperature),
            'empty: as the run',
          )}
          {field(
            'topP',
            'top-p',
            String(isEvaluation ? parameters.evaluationTopP : parameters.topP),
            'empty: as the run',
          )}
          {field('maxTokens', 'max tokens', String(parameters.maxNewTokens), 'with those kept')}
          {field('seed', 'seed', 'new', seedHints[seedsOf(run)])}
        </div>
      </Block>
      {also.length > 0 && (
        <Block title="Also on" changed={draft.also.length > 0}>
          <div class={styles.also}>
            {also.map((one) => (
              <label key={keyOf(one)}>
                <input
                  type="checkbox"
                  checked={draft.also.some((held) => nameOf(held) === keyOf(one))}
                  onChange={({ currentTarget: { checked } }) => toggle(one, checked)}
                />
                {shownLine(offeredWords(one, run), 60)}
              </label>
            ))}
          </div>
        </Block>
      )}
    </>
  );
}

/** The newest weights of other runs of the project. */
function useOthers(session: Session, feed: RunFeed): readonly WeightsNamed[] {
  const runs = useStore(session.state, (state) => state.runs);
  const [found, setFound] = useState<readonly WeightsNamed[]>([]);
  const ids = (runs ?? []).map(({ id }) => id).filter((id) => id !== feed.id);
  useEffect(() => {
    let wanted = true;
    const newest = async (runId: string): Promise<WeightsNamed[]> => {
      const { checkpoints } = await feed.connection.request('checkpoints/list', { runId });
      const step = checkpoints.at(-1)?.step;
      return step === undefined ? [] : [{ run: runId, step }];
    };
    Promise.all(ids.slice(0, offered.others).map(newest)).then(
      (all) => {
        if (wanted) setFound(all.flat());
      },
      // Without a trainer there is nobody to ask either.
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [feed, ids.join()]);
  return found;
}
