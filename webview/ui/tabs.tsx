/** Which pane is shown, where a page is so narrow that one is. */
import styles from './tabs.module.css';

interface TabsProps<Name extends string> {
  /** Each with its words. */
  readonly panes: readonly (readonly [Name, string])[];
  readonly shown: Name;
  readonly onShow: (pane: Name) => void;
}

export function Tabs<Name extends string>({ panes, shown, onShow }: TabsProps<Name>) {
  return (
    <div class={styles.tabs}>
      {panes.map(([name, words]) => (
        <button key={name} type="button" aria-pressed={shown === name} onClick={() => onShow(name)}>
          {words}
        </button>
      ))}
    </div>
  );
}
