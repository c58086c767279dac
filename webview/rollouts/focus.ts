/** Where the keyboard's focus goes on the rollouts page, so that it is where the eye is. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { whatIfFieldId, withoutTestId } from './group/what-if.tsx';
import { filterBoxId } from './list/filter-box.tsx';
import { thinkId } from './rollout-view.tsx';

/** What takes the focus where the eye goes: the text, the answer that is read among its group's, the rows, the filter. */
const targets = {
  rollout: () => document.getElementById(thinkId),
  group: () =>
    document.querySelector<HTMLElement>('[data-pane=group] [aria-pressed=true]') ??
    document.querySelector<HTMLElement>('[data-pane=group] button'),
  list: () => document.querySelector<HTMLElement>('[data-pane=list] [role=listbox]'),
  filter: () => document.getElementById(filterBoxId),
  /* Without shuffled answers μ has nothing to act on: the sentence that says so takes its place. */
  whatIf: () =>
    document.querySelector<HTMLElement>(`#${whatIfFieldId}:enabled`) ?? document.getElementById(withoutTestId),
} as const satisfies Record<string, () => HTMLElement | null>;

export type Focus = keyof typeof targets;

/** Moves the focus, at once or as soon as what takes it is in sight. */
export function useFocus(): (target: Focus) => void {
  const wanted = useRef<Focus | null>(null);
  const move = () => {
    const element = wanted.current && targets[wanted.current]();
    if (!element || element.getClientRects().length === 0) return;
    if (wanted.current === 'whatIf') scrollToTop(element.closest('section'));
    wanted.current = null;
    element.focus({ preventScroll: true });
    if (element instanceof HTMLInputElement) element.select();
  };
  useLayoutEffect(move);
  return (target) => {
    wanted.current = target;
    move();
  };
}

/** Scrolls what scrolls around it, and nothing beyond: `scrollIntoView` also moves what hides what it has no room for. */
function scrollToTop(part: Element | null): void {
  let around = part?.parentElement;
  while (around && !/auto|scroll/.test(getComputedStyle(around).overflowY)) around = around.parentElement;
  if (part && around) around.scrollTop += part.getBoundingClientRect().top - around.getBoundingClientRect().top;
}

/** Whether Enter already means something there. */
export function actsByItself(event: KeyboardEvent): boolean {
  // A button of the toolkit is one inside its shadow root alone.
  return event
    .composedPath()
    .some((one) => one instanceof Element && one.matches('button, a, [role=button], [role=separator]'));
}
