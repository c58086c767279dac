/** The panes of a narrow page, of which one is shown at a time. */
import styles from './pane-tabs.module.css';
import type { Pane } from './reading.ts';

export function PaneTabs({ pane, onShow }: { pane: Pane; onShow: (pane: Pane) => void }) {
  const names = ['list', 'group', 'rollout'] as const;
  const onKey = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const tabs = event.currentTarget instanceof HTMLElement ? event.currentTarget.querySelectorAll('button') : [];
    const to = tabs[(names.indexOf(pane) + by + names.length) % names.length];
    to?.click();
    to?.focus();
  };
  return (
    <div class={styles.tabs} role="tablist" aria-label="Panes" onKeyDown={onKey}>
      {names.map((name) => (
        <button
          key={name}
          type="button"
          role="tab"
          aria-selected={pane === name}
          tabIndex={pane === name ? 0 : -1}
          onClick={() => onShow(name)}
        >
          {name.charAt(0).toUpperCase() + name.slice(1)}
        </button>
      ))}
    </div>
  );
}
