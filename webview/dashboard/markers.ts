/** What happened to a run, as marks on the axis of steps: which there are, which share a place, and which comes next. */
import { hitWords } from '../../trainer/protocol/breakpoints/words.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { commandTitle } from '../run/command-words.ts';
import { hitLink } from '../run/hit-place.ts';
import type { RunView } from '../state/run-view.ts';

export const markerKinds = ['command', 'breakpoint', 'log only', 'checkpoint'] as const;
export type MarkerKind = (typeof markerKinds)[number];

export interface Marker {
  /** Different from that of all others. */
  readonly id: string;
  readonly step: number;
  readonly kind: MarkerKind;
  /** What it stands for, without its step. */
  readonly title: string;
  /** What a press on it opens. */
  readonly target: MarkerTarget;
}

export type MarkerTarget =
  | { readonly open: 'command' | 'checkpoint' | 'breakpoint'; readonly id: string }
  /** Of a page: where the answer stands that caused it. */
  | { readonly open: 'link'; readonly link: string };

/** Lanes under the curves, from above. */
export const laneOf: Readonly<Record<MarkerKind, number>> = { command: 0, breakpoint: 1, 'log only': 1, checkpoint: 2 };

/** Of commands that were applied (given newest first), of checkpoints on disk and of hits of breakpoints, by their step. */
export function markersOf({
  run,
  commands,
  checkpoints,
  hits,
}: Pick<RunView, 'run' | 'commands' | 'checkpoints' | 'hits'>): Marker[] {
  const ofCommands = commands.toReversed().flatMap((command): Marker[] =>
    command.state === 'applied' && command.at
      ? [
          {
            id: `command ${command.id}`,
            step: command.at.step,
            kind: 'command',
            title: commandTitle(command),
            target: { open: 'command', id: command.id },
          },
        ]
      : [],
  );
  const ofCheckpoints = checkpoints.map(
    ({ id, step, reason }): Marker => ({
      id: `checkpoint ${id}`,
      step,
      kind: 'checkpoint',
      title: `checkpoint (${reason})`,
      target: { open: 'checkpoint', id },
    }),
  );
  const ofHits = hits.map(({ seq, hit }): Marker => {
    const link = hitLink(run.id, hit);
    return {
      id: `hit ${seq}`,
      step: hit.place.step,
      kind: hit.logOnly ? 'log only' : 'breakpoint',
      title: shownLine(hitWords(hit)),
      target: link === null ? { open: 'breakpoint', id: String(hit.number) } : { open: 'link', link },
    };
  });
  return inOrder([...ofCommands, ...ofCheckpoints, ...ofHits]);
}

/** By step, in each by lane. */
export function inOrder(markers: readonly Marker[]): Marker[] {
  return [...markers].sort((a, b) => a.step - b.step || laneOf[a.kind] - laneOf[b.kind]);
}

/** Marks that an axis has room for beside each other. */
export const markerRoom = 60;

/** Markers of one kind that stand at one place of an axis. */
export interface MarkerPlace {
  /** Share of the axis, 0 to 1. */
  readonly at: number;
  readonly kind: MarkerKind;
  readonly markers: readonly [Marker, ...Marker[]];
}

/**
 * Of an axis from step to step with room for so many places; what would cover each other stands together.
 * @param last the last step that is drawn at all: what happened in the one under way stands there
 */
export function markerPlaces(
  markers: readonly Marker[],
  [from, to]: readonly [number, number],
  room: number,
  last: number,
) {
  const places = new Map<string, { at: number; kind: MarkerKind; markers: [Marker, ...Marker[]] }>();
  for (const marker of markers) {
    const step = Math.min(marker.step, last);
    if (step < from || step > to) continue;
    const at = (step - from) / (to - from);
    const key = `${marker.kind} ${Math.floor(at * room)}`;
    const held = places.get(key);
    if (held) held.markers.push(marker);
    else places.set(key, { at, kind: marker.kind, markers: [marker] });
  }
  return [...places.values()] satisfies MarkerPlace[];
}

const shownTitles = 6;

/** What the hover says. */
export function placeTitle({ markers }: MarkerPlace): string {
  const lines = markers.slice(0, shownTitles).map(({ step, title }) => `step ${step}: ${title}`);
  const more = markers.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n');
}

/** The marker after, or before, the one with the id; the first or last one where that is not there. */
export function nextMarker(markers: readonly Marker[], held: string | null, by: 1 | -1): Marker | null {
  const at = markers.findIndex(({ id }) => id === held);
  if (at < 0) return markers.at(by === 1 ? 0 : -1) ?? null;
  return markers[Math.min(markers.length - 1, Math.max(0, at + by))] ?? null;
}
