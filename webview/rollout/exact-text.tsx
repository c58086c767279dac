/**
 * The prompt and the completion as the model read and wrote them: every special token by name, every id, nothing rebuilt from a
 * template. A run of one token, as media are, is shown once with its count; what is copied or opened is whole.
 */
import { useState } from 'preact/hooks';
import { shownLine, shownPieces } from '../../trainer/protocol/hostile-text.ts';
import type { FrameOrder, PromptTokens, RolloutTokens } from '../../trainer/protocol/records.ts';
import { Bar } from '../ui/heads.tsx';
import { count, grouped } from '../ui/numbers.ts';
import { Segments } from '../ui/segments.tsx';
import { Tool } from '../ui/tool.tsx';
import styles from './exact-text.module.css';
import { cutAtSpecial, type TokenRun, tokenRuns } from './token-runs.ts';

/** Something that was exactly so. */
export interface ExactText {
  readonly name: 'Prompt' | 'Completion';
  readonly text: string;
  readonly pieces: readonly string[] | null;
  readonly ids: readonly number[] | null;
  /** Why there are no ids or pieces; null where there are both. */
  readonly missing: string | null;
}

const noReason = 'They are not kept of this answer.';

export function exactPrompt({ text, pieces, ids, missing }: PromptTokens): ExactText {
  return { name: 'Prompt', text, pieces, ids, missing: pieces && ids ? null : (missing ?? noReason) };
}

export function exactCompletion({ pieces, ids, missing }: RolloutTokens): ExactText {
  return {
    name: 'Completion',
    text: pieces.join(''),
    pieces,
    ids: ids ?? null,
    missing: ids ? null : (missing?.ids ?? noReason),
  };
}

interface ExactTextsProps {
  /** Null while they are on their way. */
  readonly prompt: ExactText | null;
  readonly completion: ExactText | null;
  /** In which the frames were given; the prompt's text is the same in both. */
  readonly order: FrameOrder;
  /** Why what is not there yet can't be read now; null when it can. */
  readonly unread: string | null;
  readonly onCopy: (text: string) => void;
  readonly onOpen: (exact: ExactText) => void;
}

export function ExactTexts({ prompt, completion, order, unread, onCopy, onOpen }: ExactTextsProps) {
  const [asIds, setAsIds] = useState(false);
  return (
    <div class={styles.exact} data-part="exact-text">
      <Bar title="Exact text">
        <span class="cut">as the engine was given it, frames {order}, and as it answered</span>
        <span class="grow" />
        <Segments label="Shown as">
          <button type="button" aria-pressed={!asIds} onClick={() => setAsIds(false)}>
            Text
          </button>
          <button type="button" aria-pressed={asIds} onClick={() => setAsIds(true)}>
            Token ids
          </button>
        </Segments>
      </Bar>
      {[prompt, completion].map((exact, index) =>
        exact === null ? (
          <p key={index} class={`${styles.missing} dim`} role="status">
            {unread === null
              ? `Reading the ${index === 0 ? 'prompt' : 'completion'}.`
              : `The ${index === 0 ? 'prompt' : 'completion'} can't be read now: ${unread}.`}
          </p>
        ) : (
          <Part key={exact.name} {...{ exact, asIds, onCopy, onOpen }} />
        ),
      )}
    </div>
  );
}

interface PartProps extends Pick<ExactTextsProps, 'onCopy' | 'onOpen'> {
  readonly exact: ExactText;
  readonly asIds: boolean;
}

function Part({ exact, asIds, onCopy, onOpen }: PartProps) {
  const { name, text, ids, missing } = exact;
  const lower = name.toLowerCase();
  return (
    <section aria-label={name}>
      <Bar title={name}>
        <span class="cut">
          {count([...text].length, 'character')}
          {ids && `, ${count(ids.length, 'token')}`}
        </span>
        <span class="grow" />
        <Tool text="Copy text" label={`Copy the ${lower}`} onPress={() => onCopy(text)} />
        <Tool
          text="Copy ids"
          label={`Copy the token ids of the ${lower}`}
          refused={ids ? null : missing}
          onPress={() => ids && onCopy(JSON.stringify(ids))}
        />
        <Tool icon="document" label={`Open the ${lower} as a document`} onPress={() => onOpen(exact)} />
      </Bar>
      {asIds ? <Ids exact={exact} /> : <Text exact={exact} />}
    </section>
  );
}

function Text({ exact: { text, pieces, ids, missing } }: { exact: ExactText }) {
  const runs = tokenRuns(pieces ?? cutAtSpecial(text), pieces && ids);
  return (
    <>
      <pre class={`${styles.text} model-text`}>
        {runs.map((run) => (
          <span key={run.start} class={run.special ? styles.special : undefined}>
            <Shown run={run} />
          </span>
        ))}
      </pre>
      {missing !== null && <p class={`${styles.missing} dim`}>Token ids: {shownLine(missing)}</p>}
    </>
  );
}

function Ids({ exact: { pieces, ids, missing } }: { exact: ExactText }) {
  if (!pieces || !ids) return <p class={`${styles.missing} dim`}>{shownLine(missing ?? noReason)}</p>;
  return (
    <ol class={styles.ids}>
      {tokenRuns(pieces, ids).map((run) => (
        <li key={run.start} class={run.special ? styles.special : undefined}>
          <code>{run.id}</code>{' '}
          <span class="model-text">
            <Shown run={run} />
          </span>
        </li>
      ))}
    </ol>
  );
}

function Shown({ run }: { run: TokenRun }) {
  return (
    <>
      {shownPieces(run.piece).map((piece) => piece.shown)}
      {run.count > 1 && <span class={styles.times}> × {grouped(run.count)} </span>}
    </>
  );
}
