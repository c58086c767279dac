/** Filters that were given a name, for every run, and those of before: to take again, to save, to remove. */
import { useState } from 'preact/hooks';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { Icon } from '../../ui/icons.tsx';
import { Popover } from '../../ui/popover.tsx';
import { Button, TextField } from '../../ui/toolkit.tsx';
import type { SavedFilter } from './list-choices.ts';
import styles from './saved-filters.module.css';

interface SavedFiltersProps {
  /** The filter without a fault, which is saved. */
  readonly line: string;
  readonly saved: readonly SavedFilter[];
  readonly history: readonly string[];
  readonly onApply: (line: string) => void;
  readonly onSave: (name: string) => void;
  readonly onRemove: (name: string) => void;
  readonly onClose: () => void;
}

const historyShown = 8;

/** What many look for, of what is weighed on request. */
const ready: readonly SavedFilter[] = [{ name: 'paid without order', line: 'usesOrder:false temporal>0' }];

export function SavedFilters({ line, saved, history, onApply, onSave, onRemove, onClose }: SavedFiltersProps) {
  const [typed, setTyped] = useState('');
  const name = typed.trim();
  const isEmpty = line.trim() === '';
  const known = saved.some((held) => held.name === name);
  const save = () => {
    if (name === '' || isEmpty) return;
    onSave(name);
    setTyped('');
  };
  return (
    <Popover label="Saved filters" onClose={onClose}>
      {isEmpty ? (
        <p class="dim">Type a filter to save it under a name.</p>
      ) : (
        <div class={styles.save}>
          <TextField
            class="grow"
            label="Name for the filter"
            placeholder="name for this filter"
            value={typed}
            onInput={setTyped}
            onKey={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              save();
            }}
          />
          <Button disabled={name === ''} onPress={save}>
            {known ? 'Replace' : 'Save'}
          </Button>
        </div>
      )}
      {saved.length > 0 && (
        <ul aria-label="Saved">
          {saved.map((held) => (
            <li key={held.name} class={styles.filter}>
              <button type="button" class={styles.apply} onClick={() => onApply(held.line)}>
                <span class="cut">{shownLine(held.name, 60)}</span>
                <span class="dim mono cut">{shownLine(held.line, 120)}</span>
              </button>
              <button
                type="button"
                class={styles.remove}
                aria-label={`Remove the filter ${shownLine(held.name, 60)}`}
                title="Remove"
                onClick={() => onRemove(held.name)}
              >
                <Icon name="cross" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <ul aria-label="Ready to use">
        {ready.map((held) => (
          <li key={held.name} class={styles.filter}>
            <button type="button" class={styles.apply} onClick={() => onApply(held.line)}>
              <span class="cut">{held.name}</span>
              <span class="dim mono cut">{held.line}</span>
            </button>
          </li>
        ))}
      </ul>
      {history.length > 0 && (
        <>
          <p class={`${styles.before} dim`}>before</p>
          <ul aria-label="Before">
            {history.slice(0, historyShown).map((held) => (
              <li key={held} class={styles.filter}>
                <button type="button" class={styles.apply} onClick={() => onApply(held)}>
                  <span class="mono cut">{shownLine(held, 120)}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </Popover>
  );
}
