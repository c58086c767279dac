/** What a comparison asks the trainer: the answer to the newest question put, and why there is none. */
import { useEffect, useState } from 'preact/hooks';
import { asStudioError, type StudioError } from '../../trainer/protocol/errors.ts';

export interface Asked<T> {
  /** The answer before stays until the next is there. */
  readonly value: T | null;
  readonly fault: StudioError | null;
  readonly reading: boolean;
}

/** @param key what the answer belongs to; null asks nothing */
export function useAsked<T>(key: string | null, ask: () => Promise<T>): Asked<T> {
  const [state, setState] = useState<Asked<T>>({ value: null, fault: null, reading: key !== null });
  useEffect(() => {
    if (key === null) return setState({ value: null, fault: null, reading: false });
    let wanted = true;
    setState(({ value }) => ({ value, fault: null, reading: true }));
    ask().then(
      (value) => {
        if (wanted) setState({ value, fault: null, reading: false });
      },
      (thrown: unknown) => {
        if (wanted) setState({ value: null, fault: asStudioError(thrown), reading: false });
      },
    );
    return () => {
      wanted = false;
    };
  }, [key]);
  return state;
}
