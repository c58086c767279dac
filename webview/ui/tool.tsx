/** Small buttons of toolbars. */
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icons.tsx';
import styles from './tool.module.css';

export interface ToolProps {
  readonly icon?: IconName;
  /** Name for people who do not see the icon; also the tooltip. */
  readonly label: string;
  readonly text?: ComponentChildren;
  readonly class?: string | undefined;
  readonly pressed?: boolean;
  /** Whether what it opens is open. */
  readonly expanded?: boolean;
  /** Why it can't be used now. It keeps the focus, so that the reason can be read. */
  readonly refused?: string | null;
  readonly onPress: () => void;
}

export function Tool({ icon, label, text, class: className = '', pressed, expanded, refused, onPress }: ToolProps) {
  const name = refused ? `${label}: ${refused}` : label;
  return (
    <button
      type="button"
      class={`${styles.tool} ${className}`}
      title={name}
      aria-label={name}
      aria-disabled={refused ? 'true' : undefined}
      aria-pressed={pressed}
      aria-expanded={expanded}
      onClick={() => {
        if (!refused) onPress();
      }}
    >
      {icon && <Icon name={icon} />}
      {text}
    </button>
  );
}
