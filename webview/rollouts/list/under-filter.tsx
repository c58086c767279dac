/** A line under the filter that says something of it, with an offer at its end. */
import type { ComponentChildren } from 'preact';
import styles from './under-filter.module.css';

interface UnderFilterProps {
  readonly part: string;
  /** A fault is announced at once. */
  readonly isFault: boolean;
  readonly isFaint: boolean;
  readonly offer: ComponentChildren;
  readonly children: ComponentChildren;
}

export function UnderFilter({ part, isFault, isFaint, offer, children }: UnderFilterProps) {
  return (
    <div class={`${styles.line} ${isFaint ? 'dim' : ''}`} role={isFault ? 'alert' : 'status'} data-part={part}>
      <span class="grow">{children}</span>
      {offer}
    </div>
  );
}
