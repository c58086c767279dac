/**
 * The controls of VS Code's webview toolkit, behind components of our own: the one file that knows its element names,
 * attributes and events.
 */
import {
  provideVSCodeDesignSystem,
  vsCodeButton,
  vsCodeCheckbox,
  vsCodeDropdown,
  vsCodeOption,
  vsCodeTextField,
} from '@vscode/webview-ui-toolkit';
import { type ComponentChildren, h, type Ref, type VNode } from 'preact';

export function registerToolkit(): void {
  provideVSCodeDesignSystem().register(
    vsCodeButton(),
    vsCodeCheckbox(),
    vsCodeDropdown(),
    vsCodeOption(),
    vsCodeTextField(),
  );
}

/** What key handlers need to know: whether typing goes into a control. */
export function takesTyping(element: Element | null): boolean {
  if (!element) return false;
  return (
    ['INPUT', 'TEXTAREA', 'SELECT', 'VSCODE-TEXT-FIELD', 'VSCODE-DROPDOWN'].includes(element.tagName) ||
    (element instanceof HTMLElement && element.isContentEditable)
  );
}

/** Custom elements take properties that Preact's types do not know. */
function element(name: string, properties: Record<string, unknown>, children?: ComponentChildren): VNode {
  return h(name, properties, children) as VNode;
}

interface Named {
  readonly label?: string;
  readonly title?: string;
  readonly class?: string | undefined;
  readonly disabled?: boolean;
}

/** The toolkit names its elements "Text field" and the like as they enter the page; a name of ours is put in its place then. */
const shared = ({ label, title, class: className, disabled }: Named, ref?: Ref<HTMLElement>) => ({
  'aria-label': label,
  ref: (made: HTMLElement | null) => {
    if (made && label) made.setAttribute('aria-label', label);
    if (typeof ref === 'function') ref(made);
    else if (ref) ref.current = made;
  },
  title,
  class: className,
  disabled: disabled ?? false,
});

export function Button(props: Named & { primary?: boolean; onPress: () => void; children?: ComponentChildren }): VNode {
  return element(
    'vscode-button',
    {
      ...shared(props),
      appearance: props.primary ? 'primary' : 'secondary',
      onClick: props.disabled ? undefined : props.onPress,
    },
    props.children,
  );
}

export function TextField(
  props: Named & {
    value: string;
    placeholder?: string;
    invalid?: boolean;
    fieldRef?: Ref<HTMLElement>;
    onInput?: (value: string) => void;
    onKey?: (event: KeyboardEvent) => void;
    onBlur?: () => void;
    children?: ComponentChildren;
  },
): VNode {
  return element(
    'vscode-text-field',
    {
      ...shared(props, props.fieldRef),
      value: props.value,
      placeholder: props.placeholder,
      spellcheck: false,
      'aria-invalid': props.invalid ? 'true' : undefined,
      onInput: (event: Event) => props.onInput?.((event.currentTarget as HTMLInputElement).value),
      onKeyDown: props.onKey,
      onBlur: props.onBlur,
    },
    props.children,
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function Dropdown(
  props: Named & { value: string; choices: readonly Choice[]; onChoose: (value: string) => void },
): VNode {
  return element(
    'vscode-dropdown',
    {
      ...shared(props),
      /* The element keeps the option that was chosen, and its words, by itself; other choices need a new element. */
      key: `${props.choices.map((choice) => `${choice.value} ${choice.label}`).join('|')} ${props.value}`,
      value: props.value,
      onChange: (event: Event) => {
        const chosen = (event.currentTarget as HTMLInputElement).value;
        if (chosen !== props.value) props.onChoose(chosen);
      },
      /* Closed it would keep the page's keys for itself; open, the key closes it. */
      onKeyDownCapture: (event: KeyboardEvent) => {
        const dropdown = event.currentTarget as HTMLElement & { open: boolean };
        if (event.key !== 'Escape' || dropdown.open) return;
        event.preventDefault();
        event.stopPropagation();
        dropdown.blur();
      },
    },
    props.choices.map((choice) => element('vscode-option', { key: choice.value, value: choice.value }, choice.label)),
  );
}

export function Checkbox(
  props: Named & { checked: boolean; onChange: (checked: boolean) => void; children?: ComponentChildren },
): VNode {
  return element(
    'vscode-checkbox',
    {
      ...shared(props),
      checked: props.checked,
      onChange: (event: Event) => {
        const { checked } = event.currentTarget as HTMLInputElement;
        if (checked !== props.checked) props.onChange(checked);
      },
    },
    props.children,
  );
}
