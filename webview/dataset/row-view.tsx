/** One row for reading and editing: what is asked, what is shown, the chain of thought, the answer and what it earns. */
import { useMemo, useState } from 'preact/hooks';
import { categoryNamedIn } from '../../trainer/protocol/annotations/categories.ts';
import type { EditableField, RowReading } from '../../trainer/protocol/dataset-editor.ts';
import { shownLine, shownText } from '../../trainer/protocol/hostile-text.ts';
import { outsideText } from '../rollout/completion-pieces.ts';
import { CompletionText } from '../rollout/completion-text.tsx';
import { FixedText } from '../rollout/fixed-text.tsx';
import { FlagForm } from '../rollout/flag-form.tsx';
import { FlagList } from '../rollout/flag-list.tsx';
import { HistoryList } from '../rollout/history-list.tsx';
import { markedFlags, markedSuggestions } from '../rollout/marked-flags.ts';
import { isSolution } from '../rollout/question-text.tsx';
import { SuggestionList } from '../rollout/suggestion-list.tsx';
import { PaneHead, Section } from '../ui/heads.tsx';
import { Icon } from '../ui/icons.tsx';
import { fixed, grouped } from '../ui/numbers.ts';
import { Pane } from '../ui/pane.tsx';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { BeforeView } from './before-view.tsx';
import type { DatasetModel } from './dataset-model.ts';
import { EarlierLabels } from './earlier-labels.tsx';
import { FieldEditor } from './field-editor.tsx';
import styles from './row-view.module.css';

interface RowViewProps {
  readonly model: DatasetModel;
  readonly reading: RowReading;
}

const fieldKeys = { process: 'F2', problem: 'q', solution: 's' } as const satisfies Record<EditableField, string>;

export function RowView({ model, reading }: RowViewProps) {
  const editing = useStore(model.state, (state) => state.editing);
  const before = useStore(model.state, (state) => state.before);
  const { fields } = reading;
  const isEdited = (field: EditableField) => editing?.row === reading.row && editing.field === field;
  const edit = (field: EditableField, words: string) =>
    fields[field] === null || isEdited(field) ? undefined : (
      <Tool
        label={`Edit ${words} (${fieldKeys[field]})`}
        text={
          <>
            <kbd>{fieldKeys[field]}</kbd> edit
          </>
        }
        onPress={() => model.edit(field)}
      />
    );
  const meta = [reading.id && `problem_id ${shownLine(reading.id, 40)}`, reading.problemType, reading.source]
    .filter(Boolean)
    .map((text) => shownLine(text, 60));
  return (
    <Pane name="row" label="Row that is read">
      <PaneHead
        tools={<Tool icon="flag" label="Flag, or give a verdict (x)" onPress={() => model.flag(null)} />}
        title={`Row ${grouped(reading.row + 1)}`}
        meta={`${reading.isChanged ? 'changed · ' : ''}${meta.join(' · ')} · line ${grouped(reading.line)}`}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
      <section class={styles.body} aria-label="Row" tabIndex={0}>
        {reading.faults.length > 0 && (
          <ul class={styles.faults}>
            {reading.faults.map((fault) => (
              <li key={fault}>
                <Icon name="warning" /> <span class="model-text">{shownLine(fault, 2000)}</span>
              </li>
            ))}
          </ul>
        )}
        <BeforeView before={before} reading={reading} />
        <section aria-label="Question">
          <Section title="Question" tools={edit('problem', 'the question')} />
          {isEdited('problem') ? (
            <FieldEditor key={reading.row} model={model} label="Question" />
          ) : (
            <p class={`${styles.problem} model-text`}>{shownText(fields.problem ?? '')}</p>
          )}
          {reading.options.length > 0 && <Options reading={reading} />}
        </section>
        <FramesPart key={reading.row} model={model} reading={reading} />
        <section aria-label="Think">
          <Section title="Think" tools={edit('process', 'the chain of thought')} />
          {isEdited('process') ? (
            <FieldEditor key={reading.row} model={model} label="Chain of thought" />
          ) : fields.process === null && reading.text === '' ? (
            <p class={styles.absent}>This row has no chain of thought under “process”.</p>
          ) : (
            <>
              <Think model={model} reading={reading} />
              <Outside text={outsideText(fields.process ?? '', reading.think, null)} />
            </>
          )}
        </section>
        <section aria-label="Answer">
          <Section title="Answer" tools={edit('solution', 'the solution')} />
          {isEdited('solution') ? (
            <FieldEditor key={reading.row} model={model} label="Solution" />
          ) : (
            <p class={`${styles.answer} model-text`}>{shownText(fields.solution ?? '')}</p>
          )}
          <Reward reading={reading} />
        </section>
      </section>
    </Pane>
  );
}

function Options({ reading }: { reading: RowReading }) {
  const solution = reading.reward?.answer ?? '';
  return (
    <ol class={styles.options}>
      {reading.options.map((option) => (
        <li key={option} class="model-text">
          {solution !== '' && isSolution(option, solution) ? <Icon name="check" label="the solution" /> : <span />}
          {shownLine(option, 1000)}
        </li>
      ))}
    </ol>
  );
}

function FramesPart({ model, reading }: RowViewProps) {
  const frames = useStore(model.state, (state) => state.frames);
  const [isLarge, setLarge] = useState(false);
  const here = frames?.row === reading.row ? frames : null;
  return (
    <section aria-label="Frames">
      <Section title="Frames" meta={<span class="model-text">{shownLine(reading.path, 300)}</span>} />
      {here === null ? (
        <p class={styles.absent}>The frames are being read.</p>
      ) : here.picture === null ? (
        <p class={`${styles.absent} model-text`}>{shownLine(here.words, 1000)}</p>
      ) : (
        <button
          type="button"
          class={`${styles.frames} ${isLarge ? styles.large : ''}`}
          aria-pressed={isLarge}
          title={isLarge ? 'Smaller' : 'Larger'}
          onClick={() => setLarge(!isLarge)}
        >
          <img src={here.picture} alt={shownLine(here.words, 400)} />
        </button>
      )}
    </section>
  );
}

/** In which a passage is selected. */
export const thinkId = 'row-think';

function Think({ model, reading }: RowViewProps) {
  const { text, think, aha, commitments, labels, earlier, suggestions, history, mark, differs } = reading;
  const { flagging, categories } = model;
  const { draft } = useStore(flagging.state, (state) => state);
  const labelling = useStore(model.state, (state) => state.file?.labelling);
  const settling = useStore(model.state, (state) => state.settling);
  const author = labelling && 'author' in labelling ? labelling.author : null;
  const named = useMemo(() => categoryNamedIn(categories), [categories]);
  const picked = draft?.span ?? null;
  const form = draft && (
    <FlagForm
      key={`${reading.row} ${picked?.start} ${picked?.end}`}
      flagging={flagging}
      text={text}
      whole="the whole chain of thought"
      fixedUse="SFT trains it in place of this one; the dataset stays as it is"
      refused={null}
      onSign={null}
    />
  );
  const within = think ?? { start: 0, end: reading.fields.process?.length ?? text.length };
  const marks = useMemo(
    () => ({
      ...{ aha, commitments, mentions: [], tokens: [], hits: [] },
      flags: [
        ...markedFlags(labels, named),
        ...markedSuggestions(suggestions, named),
        ...markedFlags(earlier, named)
          .filter(({ span }) => span !== null)
          .map((flag) => ({ ...flag, tag: `${flag.tag}, of an earlier text` })),
      ],
    }),
    [reading, named],
  );
  return (
    <>
      <div id={thinkId} class={`${styles.think} model-text`}>
        <CompletionText
          text={text}
          within={within}
          marks={marks}
          shade={null}
          token={null}
          picked={picked}
          form={form}
          ahaShown={null}
          hitShown={null}
          onFrame={() => {}}
        />
      </div>
      {form && (picked === null || picked.start < within.start || picked.end > within.end) && (
        <div class={styles.form}>{form}</div>
      )}
      {history.hidden !== null && (
        <p class={styles.absent}>It was given to you. What others say: {shownLine(history.hidden)}</p>
      )}
      {differs && (
        <p class={styles.absent} role="status">
          {settling ? (
            <>
              Settling: <kbd>K</kbd> keep, <kbd>F</kbd> fix, <kbd>D</kbd> drop instead of what differs; <kbd>Esc</kbd>{' '}
              leaves it.
            </>
          ) : (
            <>
              {mark === 'disputed'
                ? 'People differ, so SFT trains this row as it is.'
                : 'People differ in what they flag here.'}{' '}
              <button type="button" class="link" onClick={() => model.toggleSettling()}>
                Settle it
              </button>{' '}
              <kbd>S</kbd>
            </>
          )}
        </p>
      )}
      {settling?.text != null && (
        <div class={styles.form}>
          <FixedText
            value={settling.text}
            use="SFT trains it in place of this one; the dataset stays as it is"
            isEntered
            onEnter={() => {}}
            onType={(typed) => model.typeSettlement(typed)}
            onSave={() => void model.settle('fix', settling.text)}
            onLeave={() => model.toggleSettling()}
          />
        </div>
      )}
      <FlagList
        labels={labels}
        settled={history.settled}
        whole="the whole chain of thought"
        named={named}
        refused={null}
        author={author}
        onRetract={(id) => void flagging.retract(id)}
      />
      <EarlierLabels labels={earlier} named={named} author={author} onCarryOver={() => void model.carryOver()} />
      <SuggestionList
        suggestions={suggestions}
        text={text}
        whole="the whole chain of thought"
        named={named}
        refused={null}
        onAnswer={(accepted) => void model.answerSuggestion(accepted)}
      />
      <HistoryList history={history} author={author} />
    </>
  );
}

/** Of the chain of thought what stands before or after its tags: it is trained too. */
function Outside({ text }: { text: string }) {
  if (text === '') return null;
  return (
    <p class={styles.absent}>
      Outside the tags: <span class="model-text">{shownLine(text, 2000)}</span>
    </p>
  );
}

function Reward({ reading: { reward } }: { reading: RowReading }) {
  if (!reward) return <p class={styles.absent}>No reward: the row is no question with a chain of thought.</p>;
  const parts = [
    ['accuracy', reward.accuracy, reward.accuracyExplanation],
    ['format', reward.format, reward.formatExplanation],
  ] as const;
  return (
    <dl class={styles.reward} aria-label="What training would pay this answer, unweighted">
      {parts.map(([name, value, explanation]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="num">{fixed(value, 2)}</dd>
          <dd class="dim model-text">{shownLine(explanation, 600)}</dd>
        </div>
      ))}
    </dl>
  );
}
