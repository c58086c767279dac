/** Small buttons of toolbars, and parts that several places draw alike. */
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icons.tsx';

export interface ToolProps {
  readonly icon?: IconName;
  /** Name for people who do not see the icon; also the tooltip. */
  readonly label: string;
  readonly text?: string;
  readonly class?: string;
  readonly pressed?: boolean;
  /** Why it can't be used now. It keeps the focus, so that the reason can be read. */
  readonly refused?: string | null;
  readonly onPress: () => void;
}

export function Tool({ icon, label, text, class: className = '', pressed, refused, onPress }: ToolProps) {
  const name = refused ? `${label}: ${refused}` : label;
  return (
    <button
      type="button"
      class={`tool ${className}`}
      title={name}
      aria-label={name}
      aria-disabled={refused ? 'true' : undefined}
      aria-pressed={pressed}
      onClick={() => {
        if (!refused) onPress();
      }}
    >
      {icon && <Icon name={icon} />}
      {text}
    </button>
  );
}

export function Section({
  title,
  meta,
  tools,
  id,
}: {
  title: string;
  meta?: ComponentChildren;
  tools?: ComponentChildren;
  id?: string;
}) {
  return (
    <div class="sec" id={id}>
      <h2>{title}</h2>
      {meta && <span class="cut">{meta}</span>}
      {tools && <span class="tools">{tools}</span>}
    </div>
  );
}
