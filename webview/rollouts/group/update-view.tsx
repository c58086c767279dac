/** What the update did to the answers of a group, and what it would do with something changed. */
import { useEffect, useState } from 'preact/hooks';
import type { Side } from '../../../trainer/evidence/receipts.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import type { Receipt, TriedParameters, TriedUpdate } from '../../../trainer/protocol/receipts.ts';
import type { GroupWithRollouts, Rollout } from '../../../trainer/protocol/records.ts';
import type { RunSummary } from '../../../trainer/protocol/run-state.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import { shownToken } from '../../rollout/token-popover.tsx';
import { useFetched } from '../../rollout/use-fetched.ts';
import type { RunFeed } from '../../state/run-feed.ts';
import { Section } from '../../ui/heads.tsx';
import { plain as plainNumber, signed } from '../../ui/numbers.ts';
import { likelierWords, movedMost, sideRows, triedRows } from './moved.ts';
import { TryForm } from './try-form.tsx';
import styles from './update-view.module.css';
import { useReceipt } from './use-receipt.ts';

interface UpdateViewProps {
  readonly feed: RunFeed;
  readonly run: Pick<RunSummary, 'method' | 'parameters'>;
  readonly group: GroupWithRollouts;
  /** The answer that is read; null while it is of another group. */
  readonly rollout: Rollout | null;
  /** Why nothing can be asked of the trainer; null when it is there. */
  readonly refused: string | null;
}

/** What was tried, in words, and what came of it. */
interface Tried {
  readonly words: string;
  readonly result: TriedUpdate;
}

interface UnderWay {
  readonly id: string;
  readonly doing: string;
}

const namedTokens = 5;

const sideWords: Readonly<Record<Side, string>> = { rewarded: 'rewarded', punished: 'punished', neither: 'left out' };

export function UpdateView({ feed, run, group, rollout, refused }: UpdateViewProps) {
  const isTrained = run.method !== 'sft' && group.purpose === 'train' && group.superseded === undefined;
  const known = useReceipt(feed, isTrained ? group.step : null);
  const [tried, setTried] = useState<Tried | null>(null);
  const [underWay, setUnderWay] = useState<UnderWay | null>(null);
  const [isMaking, setMaking] = useState(false);
  useEffect(
    () =>
      feed.connection.on('updates/progress', ({ id, doing }) =>
        setUnderWay((held) => (held?.id === id ? { id, doing } : held)),
      ),
    [feed],
  );
  if (!isTrained || known === null) return null;
  const { receipt, make, attempt, again } = known;
  const makeReceipt = () => {
    setMaking(true);
    feed
      .request('receipts/make', { step: group.step })
      .catch((thrown: unknown) => feed.fail(thrown))
      .finally(() => setMaking(false));
  };
  const tryIt = (words: string, masked: readonly string[], parameters: TriedParameters) => {
    const id = crypto.randomUUID();
    setTried(null);
    setUnderWay({ id, doing: 'waiting for its turn' });
    feed
      .request('updates/try', { id, step: group.step, masked: [...masked], parameters })
      .then(
        (result) => setTried({ words, result }),
        (thrown: unknown) => feed.fail(thrown),
      )
      .finally(() => setUnderWay(null));
  };
  const noMake = refused ?? make;
  const shown = tried !== null && tried.result.step === group.step ? tried : null;
  return (
    <section aria-label="Update" data-part="update">
      <Section
        title="Update"
        meta={
          receipt !== null && (
            <FormulaLabel name="moved">step {receipt.step}, its answers before and after</FormulaLabel>
          )
        }
      />
      {receipt !== null && <Moved {...{ feed, receipt, group }} />}
      {receipt === null && (
        <p class={styles.note}>
          <button
            type="button"
            class="link"
            aria-disabled={noMake !== null || isMaking ? 'true' : undefined}
            onClick={() => {
              if (noMake === null && !isMaking) makeReceipt();
            }}
          >
            Did rewarded answers become likelier?
          </button>{' '}
          {noMake !== null && <span class="dim">{shownLine(noMake, 300)}</span>}
        </p>
      )}
      <TryForm
        key={group.step}
        {...{ run, rollout }}
        refused={refused ?? attempt}
        isUnderWay={underWay !== null}
        isSaid={receipt !== null || noMake !== attempt}
        onTry={tryIt}
      />
      {again && refused === null && attempt === null && (
        <p class={`${styles.note} dim`}>
          This step is trained already: what is tried is one more update on its answers.
        </p>
      )}
      {underWay && (
        <p class={styles.note} role="status">
          {shownLine(underWay.doing, 100)} …{' '}
          <button
            type="button"
            class="link"
            onClick={() =>
              void feed.connection
                .request('updates/cancel', { id: underWay.id })
                .catch((thrown: unknown) => feed.fail(thrown))
            }
          >
            Stop
          </button>
        </p>
      )}
      {shown && <TriedView {...{ feed, group, ...shown }} />}
    </section>
  );
}

function Moved({ feed, receipt, group }: { feed: RunFeed; receipt: Receipt; group: GroupWithRollouts }) {
  const rows = sideRows(receipt, group);
  return (
    <>
      <table class={styles.table} data-part="moved">
        <caption>What this step moved</caption>
        <SideHeads columns={['nats a token', 'likelier']} />
        <tbody>
          {rows.map(({ side, group: own, step }) => (
            <tr key={side}>
              <th scope="row">{sideWords[side]}</th>
              <td class="num">{signed(own?.perToken ?? null, 4)}</td>
              <td class="num">{own === null ? '–' : likelierWords(own)}</td>
              <td class="num">{signed(step?.perToken ?? null, 4)}</td>
              <td class="num">{step === null ? '–' : likelierWords(step)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <MovedTokens {...{ feed, receipt, group }} />
    </>
  );
}

/** The same two columns for the answers of this group and for those of the whole step. */
function SideHeads({ columns }: { columns: readonly [string, string] }) {
  const wholes = ['this group', 'whole step'];
  return (
    <thead>
      <tr>
        <td />
        {wholes.map((whole) => (
          <th key={whole} scope="colgroup" colSpan={columns.length} class="num">
            {whole}
          </th>
        ))}
      </tr>
      <tr>
        <th scope="col">answers</th>
        {wholes.map((whole) =>
          columns.map((column) => (
            <th key={`${whole} ${column}`} scope="col" class="num">
              {column}
            </th>
          )),
        )}
      </tr>
    </thead>
  );
}

/** Which tokens moved most, as text alone. */
function MovedTokens({ feed, receipt, group }: { feed: RunFeed; receipt: Receipt; group: GroupWithRollouts }) {
  const most = movedMost(receipt, group, namedTokens);
  const ids = [...new Set(most.map(({ rolloutId }) => rolloutId))];
  const pieces = useFetched(feed, ids.length === 0 ? null : JSON.stringify(ids), async () => {
    const tokens = await Promise.all(ids.map((rolloutId) => feed.request('rollouts/tokens', { rolloutId })));
    return new Map(ids.map((id, i) => [id, tokens[i]?.pieces ?? []]));
  });
  if (most.length === 0) return <p class={`${styles.note} dim`}>No answer of this group was moved.</p>;
  const indexOf = new Map(group.rollouts.map(({ id, index }) => [id, index + 1]));
  return (
    <p class={styles.note} data-part="moved-tokens">
      <FormulaLabel name="moved" pointerOnly>
        Moved most:
      </FormulaLabel>{' '}
      {most.map(({ rolloutId, token, move }) => (
        <span
          key={`${rolloutId} ${token}`}
          class={styles.token}
          title={`token ${token + 1} of answer ${indexOf.get(rolloutId)}`}
        >
          <b class="model-text">{shownToken(pieces?.get(rolloutId)?.[token] ?? '…')}</b>{' '}
          <span class="num">{signed(move, 3)}</span> <span class="dim">in {indexOf.get(rolloutId)}</span>
        </span>
      ))}
    </p>
  );
}

function TriedView({ feed, group, words, result }: { feed: RunFeed; group: GroupWithRollouts } & Tried) {
  const { plain, tried, learningRate } = result;
  const by = (receipt: Receipt) => new Map(sideRows(receipt, group).map((row) => [row.side, row]));
  const [before, after] = [by(plain), by(tried)];
  const sides = [...new Set([...before.keys(), ...after.keys()])];
  const cells = (of: 'group' | 'step', side: Side) => (
    <>
      <td class="num">{signed(before.get(side)?.[of]?.perToken ?? null, 4)}</td>
      <td class="num">{signed(after.get(side)?.[of]?.perToken ?? null, 4)}</td>
    </>
  );
  return (
    <div data-part="tried" role="status">
      <p class={styles.note}>
        Tried {shownLine(words, 120)}; <b>the weights were put back</b>.
        {learningRate.plain !== learningRate.tried &&
          ` This step’s learning rate would be ${plainNumber(learningRate.tried)} instead of ${plainNumber(learningRate.plain)}.`}
      </p>
      <table class={styles.table} data-part="tried-sides">
        <caption>
          <FormulaLabel name="moved" pointerOnly>
            What the update would move, nats a token
          </FormulaLabel>
        </caption>
        <SideHeads columns={['as it is', 'tried']} />
        <tbody>
          {sides.map((side) => (
            <tr key={side}>
              <th scope="row">{sideWords[side]}</th>
              {cells('group', side)}
              {cells('step', side)}
            </tr>
          ))}
        </tbody>
      </table>
      <table class={styles.table} data-part="tried-answers">
        <caption>Each ordered answer of this group as a whole, nats</caption>
        <thead>
          <tr>
            <th scope="col">answer</th>
            <th scope="col" class="num">
              as it is
            </th>
            <th scope="col" class="num">
              tried
            </th>
          </tr>
        </thead>
        <tbody>
          {triedRows(result, group).map((row) => (
            <tr key={row.id}>
              <th scope="row">
                {row.index + 1}
                {row.leftOut.tried && !row.leftOut.plain && <span class={styles.remark}>left out</span>}
              </th>
              <td class="num">{signed(row.plain, 3)}</td>
              <td class="num">
                <b>{signed(row.tried, 3)}</b>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <MovedTokens {...{ feed, group }} receipt={tried} />
    </div>
  );
}
