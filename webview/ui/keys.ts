/** Keys of a page: a letter never acts while something that takes typing has the focus. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { keyName } from './key-name.ts';
import { takesTyping } from './toolkit.tsx';

/** By `keyName`. A handler that gives false lets the key pass. */
export type KeyMap = Readonly<Record<string, ((event: KeyboardEvent) => unknown) | undefined>>;

/** `focusIsTyping` looks through shadow roots. */
export function focusIsTyping(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  return (target instanceof Element && takesTyping(target)) || takesTyping(document.activeElement);
}

/** Whether Enter already means something there. */
export function actsByItself(event: KeyboardEvent): boolean {
  // A button of the toolkit is one inside its shadow root alone.
  return event
    .composedPath()
    .some((one) => one instanceof Element && one.matches('button, a, [role=button], [role=separator]'));
}

export function useKeys(keys: KeyMap): void {
  const held = useRef(keys);
  held.current = keys;
  /* Before the page is painted: a key that is pressed as soon as it is seen must not be lost. */
  useLayoutEffect(() => {
    const act = (event: KeyboardEvent) => {
      const name = keyName(event, focusIsTyping);
      const handler = name === null ? undefined : held.current[name];
      if (!handler || handler(event) === false) return;
      event.preventDefault();
    };
    window.addEventListener('keydown', act);
    return () => window.removeEventListener('keydown', act);
  }, []);
}
