/** Lanes under a chart with a mark for each command, breakpoint and checkpoint: named on hover, opened by a press. */
import { useEffect, useRef } from 'preact/hooks';
import { useStore } from '../ui/store.ts';
import { type ChartGroup, shownSteps } from './chart-group.ts';
import { axisWidth, rightRoom } from './chart-plot.ts';
import styles from './marker-lanes.module.css';
import {
  laneOf,
  type Marker,
  type MarkerKind,
  type MarkerTarget,
  markerKinds,
  markerPlaces,
  markerRoom,
  placeTitle,
} from './markers.ts';

interface MarkerLanesProps {
  readonly group: ChartGroup;
  readonly steps: readonly number[];
  readonly markers: readonly Marker[];
  /** The one that keys have come to; null for none. */
  readonly chosen: string | null;
  /** Whether these lanes take the focus of the one that keys come to. */
  readonly takesFocus: boolean;
  readonly onOpen: (target: MarkerTarget) => void;
}

export function MarkerLanes({ group, steps, markers, chosen, takesFocus, onOpen }: MarkerLanesProps) {
  const zoom = useStore(group.zoom, (held) => held);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (takesFocus && chosen !== null) box.current?.querySelector<HTMLElement>('[data-chosen]')?.focus();
  }, [chosen, zoom]);
  return (
    <div ref={box} class={styles.lanes} style={{ marginLeft: `${axisWidth}px`, marginRight: `${rightRoom}px` }}>
      {markerPlaces(markers, shownSteps(steps, zoom), markerRoom, steps.at(-1) ?? 0).map((place) => {
        const [first] = place.markers;
        const isChosen = place.markers.some(({ id }) => id === chosen);
        const title = placeTitle(place);
        return (
          <button
            key={first.id}
            type="button"
            /* `[` and `]` come to it. */
            tabIndex={-1}
            class={styles.marker}
            data-kind={place.kind}
            data-chosen={isChosen ? '' : undefined}
            title={title}
            aria-label={title}
            style={{ left: `${place.at * 100}%`, top: `${laneOf[place.kind] * 11}px` }}
            onClick={() => onOpen((place.markers.find(({ id }) => id === chosen) ?? first).target)}
          >
            <MarkerShape kind={place.kind} />
          </button>
        );
      })}
    </div>
  );
}

/** What the shapes stand for. */
export function MarkerLegend({ kinds }: { kinds: ReadonlySet<MarkerKind> }) {
  return (
    <>
      {markerKinds
        .filter((kind) => kinds.has(kind))
        .map((kind) => (
          <span key={kind}>
            <MarkerShape kind={kind} /> {kind}
          </span>
        ))}
    </>
  );
}

const diamond = 'M5 .7L9.300 5 5 9.300.700 5z';

function MarkerShape({ kind }: { kind: MarkerKind }) {
  return (
    <svg class={styles.shape} data-kind={kind} viewBox="0 0 10 10" aria-hidden="true">
      {kind === 'command' && <path d="M5 1L9.500 9h-9z" fill="currentColor" />}
      {kind === 'breakpoint' && <circle cx="5" cy="5" r="4" fill="currentColor" />}
      {kind === 'log only' && <path d={diamond} fill="currentColor" />}
      {kind === 'checkpoint' && <path d={diamond} fill="none" stroke="currentColor" stroke-width="1.300" />}
    </svg>
  );
}
