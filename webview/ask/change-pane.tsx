/** What is changed before it is asked, top to bottom as the prompt is built, and what it costs to ask. */
import { useEffect } from 'preact/hooks';
import { changesOf } from '../../trainer/protocol/ask-words.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { isComputing } from '../../trainer/protocol/run-state.ts';
import type { RunFeed } from '../state/run-feed.ts';
import type { Session } from '../state/session.ts';
import { PaneHead } from '../ui/heads.tsx';
import { count, duration } from '../ui/numbers.ts';
import { Pane, PaneBody } from '../ui/pane.tsx';
import { useStore } from '../ui/store.ts';
import { Tool } from '../ui/tool.tsx';
import { Button } from '../ui/toolkit.tsx';
import type { Asking } from './asking.ts';
import styles from './change-pane.module.css';
import { changedBlocks, originalOf } from './draft.ts';
import { FramePicker } from './frame-picker.tsx';
import { QuestionFields } from './question-fields.tsx';
import { SamplingFields } from './sampling-fields.tsx';

interface ChangePaneProps {
  readonly session: Session;
  readonly feed: RunFeed;
  readonly asking: Asking;
  /** Why nothing can be asked now; null while there is a trainer. */
  readonly refused: string | null;
  readonly onAsk: () => void;
}

export function ChangePane({ session, feed, asking, refused, onAsk }: ChangePaneProps) {
  const state = useStore(asking.state, (held) => held);
  const { ask } = asking;
  const changes = changesOf(ask, originalOf(feed.id, state.original));
  const blocks = changedBlocks(ask);
  return (
    <Pane name="change" label="What is changed" side>
      <PaneHead
        title="Change"
        meta={changes.length === 0 ? 'nothing: the same again' : count(changes.length, 'change')}
        tools={
          <>
            <Tool
              icon="undo"
              label="Undo a change (u)"
              refused={state.before.length > 0 ? null : 'nothing was changed'}
              onPress={() => asking.undo()}
            />
            <Tool
              text="Original"
              label="Back to the original"
              refused={changes.length > 0 ? null : 'nothing is changed'}
              onPress={() => asking.reset()}
            />
          </>
        }
      />
      <PaneBody>
        <FramePicker {...{ feed, asking }} changed={blocks.has('frames')} />
        <QuestionFields {...{ asking }} changed={blocks.has('question')} />
        <SamplingFields {...{ session, feed, asking }} changed={blocks.has('sampling')} />
      </PaneBody>
      <Go {...{ session, asking, refused, onAsk }} />
    </Pane>
  );
}

function Go({ session, asking, refused, onAsk }: Pick<ChangePaneProps, 'session' | 'asking' | 'refused' | 'onAsk'>) {
  const computing = useStore(session.state, ({ runs }) => runs?.find(({ state }) => isComputing(state)) ?? null);
  useEffect(() => asking.renew(), [asking, computing?.id, computing?.state]);
  const { underWay, cost, fault, failed } = useStore(asking.state, (held) => held);
  if (underWay) {
    const { progress } = underWay;
    const {
      done = 0,
      total = underWay.ask.n * (1 + underWay.ask.also.length),
      doing = null,
      leftMs = null,
    } = progress ?? {};
    const left = leftMs === null ? '' : `, about ${duration(leftMs)} left`;
    return (
      <div class={styles.go} data-part="go">
        <Button onPress={() => asking.stop()}>
          Stop <kbd>Esc</kbd>
        </Button>
        <span class="grow" role="status">
          {underWay.stopping ? 'stopping; what is whole is kept' : (doing ?? `${done} of ${total} answers${left}`)}
          <progress value={done} max={total} aria-label="Answers" />
        </span>
      </div>
    );
  }
  const why = refused ?? fault ?? cost?.refusal ?? null;
  return (
    <div class={styles.go} data-part="go">
      <Button primary disabled={why !== null} onPress={onAsk}>
        Ask <kbd>Ctrl+Enter</kbd>
      </Button>
      <span class={`grow ${why === null && failed === null ? 'dim' : ''}`} role="status">
        {failed
          ? shownLine(`${failed.message} ${failed.remedy ?? ''}`)
          : ((why ? shownLine(why) : null) ?? (cost ? costWords(cost) : 'asking what it takes'))}
      </span>
      {computing && why !== null && why === cost?.refusal && (
        <Button onPress={() => void session.command(computing.id, { kind: 'pause', release: false })}>
          Pause {shownLine(computing.id, 30)}
        </Button>
      )}
    </div>
  );
}

function costWords({ answers, ms, waits, weights }: NonNullable<ReturnType<Asking['state']['get']>['cost']>): string {
  const time = ms === null ? '' : `, about ${duration(Math.max(1000, ms))}`;
  const missing = weights.filter((one) => one === null).length;
  const without = missing === 0 ? '' : `; ${count(missing, 'checkpoint')} can’t be had`;
  const when = waits ? '; the run samples: asked at its next safe point' : '';
  return `${count(answers, 'answer')}${time}${when}${without}`;
}
