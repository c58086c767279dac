/** The question, its options in their order, what counts as right, and the wording around them. */
import { useState } from 'preact/hooks';
import { changedQuestion, withTextsMoved } from '../../trainer/protocol/changed-question.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import type { Asking } from './asking.ts';
import { Block } from './block.tsx';
import styles from './question-fields.module.css';

export function QuestionFields({ asking, changed }: { asking: Asking; changed: boolean }) {
  const { draft, original } = useStore(asking.state, (held) => held);
  const { question } = original.group;
  const [dragged, setDragged] = useState<number | null>(null);
  const asked = changedQuestion(question, asking.ask);
  const isChoice = question.problemType === 'multiple choice';
  /* Texts move, letters stay. */
  const move = (from: number, to: number) => {
    if (to < 0 || to >= draft.options.length || from === to) return;
    const order = draft.options.map((_, place) => place);
    const [taken] = order.splice(from, 1);
    order.splice(to, 0, taken as number);
    asking.edit({ options: withTextsMoved(draft.options, order), solution: null });
  };
  const write = (place: number, text: string) =>
    asking.edit({ options: draft.options.map((option, i) => (i === place ? text : option)) }, 'options');
  return (
    <Block title="Question and options" {...{ changed }} meta={changed ? undefined : 'as seen'}>
      <div class={styles.fields}>
        <textarea
          class="model-text"
          aria-label="Question"
          rows={Math.min(6, 1 + Math.floor(draft.problem.length / 46))}
          spellcheck={false}
          value={draft.problem}
          onInput={({ currentTarget: { value } }) => asking.edit({ problem: value }, 'problem')}
        />
        {isChoice && (
          <ol>
            {draft.options.map((option, place) => (
              <li
                key={place}
                class={dragged === place ? styles.dragged : undefined}
                onDragOver={(event) => event.preventDefault()}
                onDrop={(event) => {
                  event.preventDefault();
                  if (dragged !== null) move(dragged, place);
                }}
              >
                {/* biome-ignore lint/a11y/noStaticElementInteractions: the buttons beside it do the same */}
                <span
                  class={styles.grip}
                  draggable
                  title="Drag to move what it says"
                  onDragStart={(event) => {
                    setDragged(place);
                    event.dataTransfer?.setData('text/plain', option);
                  }}
                  onDragEnd={() => setDragged(null)}
                >
                  ⠿
                </span>
                <input
                  class="model-text"
                  aria-label={`Option ${place + 1}`}
                  spellcheck={false}
                  value={option}
                  onInput={({ currentTarget: { value } }) => write(place, value)}
                />
                <Tool
                  icon="up"
                  label={`Option ${place + 1} up`}
                  refused={place === 0 ? 'it is the first' : null}
                  onPress={() => move(place, place - 1)}
                />
              </li>
            ))}
          </ol>
        )}
        <label class={styles.row}>
          <span>right is</span>
          <input
            class="model-text"
            spellcheck={false}
            value={draft.solution ?? asked.solution}
            onInput={({ currentTarget: { value } }) =>
              asking.edit({ solution: value === question.solution ? null : value }, 'solution')
            }
          />
          <span class="dim">
            {asked.solution === question.solution ? 'the solution' : `was ${shownLine(question.solution, 20)}`}
          </span>
        </label>
        <label class={styles.row}>
          <span>wording</span>
          <input
            spellcheck={false}
            placeholder="the run’s own"
            value={draft.template}
            onInput={({ currentTarget: { value } }) => asking.edit({ template: value }, 'template')}
          />
          <span class="dim">a template’s file</span>
        </label>
      </div>
    </Block>
  );
}
