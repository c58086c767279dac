/** What may keep the run from learning what was meant, in the open: nobody would look for it among what was left out. */
import { useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import type { Warning } from '../state/run-view.ts';
import { Notice } from '../ui/notice.tsx';
import { clock } from '../ui/numbers.ts';
import { Button } from '../ui/toolkit.tsx';
import { learningWarnings } from './learning-warnings.ts';

export function LearningNotice({ warnings }: { warnings: readonly Warning[] }) {
  const [hiddenUpTo, hideUpTo] = useState(-1);
  /* One that comes after is shown again. */
  const shown = learningWarnings(warnings).filter(({ seq }) => seq > hiddenUpTo);
  const newest = shown.at(-1);
  if (!newest) return null;
  return (
    <Notice
      kind="warning"
      title="This run may not learn what was meant."
      actions={<Button onPress={() => hideUpTo(newest.seq)}>Hide</Button>}
    >
      {shown.map(({ seq, at, message }) => (
        <span key={seq} class="model-text" title={`said at ${clock(at)}`}>
          {shownLine(message, 1000)}{' '}
        </span>
      ))}
    </Notice>
  );
}
