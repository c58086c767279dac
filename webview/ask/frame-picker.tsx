/** The frames as they will be sent: drag or Alt and an arrow moves one, Del drops it or takes it back. */
import { useRef, useState } from 'preact/hooks';
import { framesPerPair } from '../../trainer/protocol/evidence.ts';
import { FrameCanvas } from '../rollout/frame-canvas.tsx';
import { frameTitle } from '../rollout/frame-strip.tsx';
import { useFetched } from '../rollout/use-fetched.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { Segments } from '../ui/segments.tsx';
import { useStore } from '../ui/store.ts';
import type { Asking } from './asking.ts';
import { Block } from './block.tsx';
import { droppedFrame, movedFrame, stripOf } from './draft.ts';
import styles from './frame-picker.module.css';

interface FramePickerProps {
  readonly feed: RunFeed;
  readonly asking: Asking;
  readonly changed: boolean;
}

const named = ['as seen', 'reversed', 'shuffled', 'one', 'none'] as const;

export function FramePicker({ feed, asking, changed }: FramePickerProps) {
  const { draft, original } = useStore(asking.state, (held) => held);
  const { media } = original.group;
  const pixels = useFetched(feed, media.key, (key) => feed.frames(key));
  const grid = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const [dragged, setDragged] = useState<number | null>(null);
  const isVideo = media.kind === 'video';
  const strip = stripOf(draft.frames, original);
  const left = strip.filter(({ dropped }) => !dropped).length;
  const focusOn = (place: number) => {
    setAt(place);
    requestAnimationFrame(() => grid.current?.querySelectorAll<HTMLElement>('[role=option]')[place]?.focus());
  };
  const move = (from: number, to: number) => {
    const place = Math.max(0, Math.min(strip.length - 1, to));
    if (from !== place) asking.edit({ frames: movedFrame(strip, from, place) });
    focusOn(place);
  };
  const drop = (place: number) => asking.edit({ frames: droppedFrame(strip, place) });
  const onKey = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by !== undefined && event.altKey) move(at, at + by);
    else if (by !== undefined) focusOn(Math.max(0, Math.min(strip.length - 1, at + by)));
    else if (event.key === 'Delete' || event.key === 'Backspace') drop(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const shown = draft.frames.kind === 'named' ? draft.frames.name : null;
  const count = draft.frames.kind === 'count' ? String(draft.frames.count) : '';
  return (
    <Block
      title={isVideo ? 'Frames' : 'Picture'}
      {...{ changed }}
      meta={
        isVideo
          ? count === ''
            ? `${left} of ${strip.length} shown`
            : `${count} from the clip, chosen anew`
          : undefined
      }
      tools={
        isVideo && (
          <label class={styles.count}>
            from the clip
            <input
              type="number"
              min={framesPerPair}
              step={framesPerPair}
              placeholder={String(media.indices.length)}
              value={count}
              onInput={({ currentTarget: { value } }) =>
                asking.edit(
                  {
                    frames: value === '' ? { kind: 'named', name: 'as seen' } : { kind: 'count', count: Number(value) },
                  },
                  'frames',
                )
              }
            />
          </label>
        )
      }
    >
      <div class={styles.picker}>
        <Segments label="What of it is shown">
          {named
            .filter((name) => isVideo || name === 'as seen' || name === 'none')
            .map((name) => (
              <button
                key={name}
                type="button"
                aria-pressed={shown === name}
                onClick={() => asking.edit({ frames: { kind: 'named', name } })}
              >
                {name}
              </button>
            ))}
        </Segments>
        {!isVideo && (
          <figure class={`${styles.picture} ${shown === 'none' ? styles.gone : ''}`}>
            <FrameCanvas
              frames={pixels}
              index={0}
              label={shown === 'none' ? 'the picture, left out' : 'the picture'}
              width={media.width}
              height={media.height}
            />
          </figure>
        )}
        {isVideo && (
          <>
            <div
              ref={grid}
              class={styles.grid}
              role="listbox"
              aria-label="Frames as they will be sent"
              aria-multiselectable="true"
              onKeyDown={onKey}
            >
              {strip.map(({ frame, dropped }, place) => (
                // biome-ignore lint/a11y/useKeyWithClickEvents: the list takes the keys
                <div
                  key={place}
                  role="option"
                  aria-selected={!dropped}
                  aria-label={`${frameTitle(media, frame)}${dropped ? ', dropped' : ''}`}
                  title={`${frameTitle(media, frame)}${dropped ? ', dropped' : ''}`}
                  tabIndex={place === Math.min(at, strip.length - 1) ? 0 : -1}
                  class={`${dropped ? styles.gone : ''} ${dragged === place ? styles.dragged : ''}`}
                  draggable
                  onFocus={() => setAt(place)}
                  onClick={() => setAt(place)}
                  onDblClick={() => drop(place)}
                  onDragStart={(event) => {
                    setDragged(place);
                    event.dataTransfer?.setData('text/plain', String(frame + 1));
                  }}
                  onDragOver={(event) => event.preventDefault()}
                  onDrop={(event) => {
                    event.preventDefault();
                    if (dragged !== null) move(dragged, place);
                  }}
                  onDragEnd={() => setDragged(null)}
                >
                  <FrameCanvas frames={pixels} index={frame} label={null} width={media.width} height={media.height} />
                  {dropped && (
                    <svg class={styles.cross} viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
                      <path d="M0 0L100 100M100 0L0 100" />
                    </svg>
                  )}
                  <span>{frame + 1}</span>
                </div>
              ))}
            </div>
            <p class="dim">
              Drag, or <kbd>Alt</kbd>+<kbd>←</kbd> <kbd>→</kbd>, moves a frame. <kbd>Del</kbd> drops it or takes it
              back.
            </p>
          </>
        )}
      </div>
    </Block>
  );
}
