/**
 * In the margin, level with the text: how probable the final answer was after each sentence, with the rest cut and the answer forced.
 * Where all sentences stand in a line or two it lies, from the first at its left to the last at its right.
 */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { decided, probabilitiesOf, tellingPoints } from '../../../trainer/evidence/commitment.ts';
import type { CommitmentPoint } from '../../../trainer/protocol/evidence.ts';
import { shownLine } from '../../../trainer/protocol/hostile-text.ts';
import { FormulaLabel } from '../../formulas/formula.tsx';
import { count, fixed } from '../../ui/numbers.ts';
import styles from './commitment-curve.module.css';

interface CommitmentCurveProps {
  readonly curve: readonly CommitmentPoint[];
  /** The final answer. */
  readonly answer: string;
}

/** In CSS pixels: the axes, and where the first point may stand. */
const left = 4.5;
const width = 34;
const highest = 20;

/** From one point to the next, in CSS pixels: sentences of one line stand below each other, the further the fewer they are. */
const leastFall = (points: number): number => (points <= 6 ? 13 : points <= 12 ? 8 : 3);

/** What the curve takes of the text's height, in CSS pixels. */
export const curveHeight = (points: number): number => highest + leastFall(points) * (points - 1) + 8;

/** Of a curve that lies, in CSS pixels: its width from the first dot to the last, and where 1 and 0 are. */
const lyingWidth = 84;
const lyingTop = 13;
const lyingBottom = 27;
const lyingHeight = 38;

/** Up to so many lines of text it lies; one that lies has less room for the text, which may take a line more for it. */
const linesToLie = 2;
const linesToStand = 4;

export function CommitmentCurve({ curve, answer }: CommitmentCurveProps) {
  const box = useRef<HTMLDivElement>(null);
  const [places, setPlaces] = useState<readonly number[]>([]);
  const [isLying, setLying] = useState(false);
  useLayoutEffect(() => {
    const text = box.current?.parentElement;
    if (!text) return;
    const measure = () => {
      const found = levels(
        text,
        curve.map(({ end }) => end),
      );
      setPlaces((held) => (held.join() === found.places.join() ? held : found.places));
      setLying((held) => found.lines <= linesToLie || (held && found.lines < linesToStand));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(text);
    return () => observer.disconnect();
  }, [curve]);
  const probabilities = probabilitiesOf(curve);
  const telling = tellingPoints(curve);
  const height = (places.at(-1) ?? highest) + 4;
  const name = answerName(answer);
  if (isLying) return <Lying {...{ box, curve, answer, name }} />;
  const points = probabilities.map((p, i) => ({ p, x: left + p * width, y: places[i] ?? highest }));
  return (
    <div ref={box} class={styles.curve} data-part="commitment">
      <FormulaLabel name="commitment" class={styles.head} worked={workedCurve(curve, answer)}>
        <span>0</span>
        <span class="cut model-text">{name}</span>
        <span>1</span>
      </FormulaLabel>
      <svg width={left + width + 10} height={height} role="img" aria-label={commitmentSentence(curve, answer)}>
        <path class={styles.axis} d={`M${left} 14V${height}M${left + width} 14V${height}`} />
        <Dots {...{ points, telling, name }} numbered={telling}>
          {({ p, x, y }) => ({ x: p > 0.5 ? x - 6 : x + 6, y: y + 4, anchor: p > 0.5 ? 'end' : 'start' })}
        </Dots>
      </svg>
    </div>
  );
}

interface Dot {
  readonly p: number;
  readonly x: number;
  readonly y: number;
}

interface DotsProps {
  readonly points: readonly Dot[];
  /** Points that are large, and those that have a number, by their place. */
  readonly telling: readonly number[];
  readonly numbered: readonly number[];
  readonly name: string;
  /** Where the number of a dot stands. */
  readonly children: (dot: Dot) => {
    readonly x: number;
    readonly y: number;
    readonly anchor: 'start' | 'middle' | 'end';
  };
}

/** The points of a curve, joined. */
function Dots({ points, telling, numbered, name, children: numberAt }: DotsProps) {
  return (
    <>
      <path
        class={styles.line}
        d={points.map(({ x, y }, i) => `${i === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`).join('')}
      />
      {points.map((dot, i) => {
        const { x, y, anchor } = numberAt(dot);
        return (
          <g key={i}>
            <circle cx={dot.x} cy={dot.y} r={telling.includes(i) ? 3 : 1.8}>
              <title>{`${name} ${afterWords(i)}: ${fixed(dot.p, 2)}`}</title>
            </circle>
            {numbered.includes(i) && (
              <text x={x} y={y} text-anchor={anchor}>
                {shortly(dot.p)}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

/** The dots stand side by side, with the numbers over those that are likely and under the others. */
function Lying({
  box,
  curve,
  answer,
  name,
}: CommitmentCurveProps & { box: RefObject<HTMLDivElement | null>; name: string }) {
  const probabilities = probabilitiesOf(curve);
  const telling = tellingPoints(curve);
  const step = lyingWidth / Math.max(1, curve.length - 1);
  const points = probabilities.map((p, i) => ({
    p,
    x: left + i * step,
    y: lyingBottom - p * (lyingBottom - lyingTop),
  }));
  const numbered = withRoom(points, telling);
  return (
    <div ref={box} class={`${styles.curve} ${styles.lying}`} data-part="commitment" data-lying>
      <FormulaLabel name="commitment" class={styles.side} worked={workedCurve(curve, answer)}>
        <span class="cut model-text">{name}</span>
      </FormulaLabel>
      <svg width={left + lyingWidth + 8} height={lyingHeight} role="img" aria-label={commitmentSentence(curve, answer)}>
        <path class={styles.axis} d={`M${left} ${lyingTop}h${lyingWidth}M${left} ${lyingBottom}h${lyingWidth}`} />
        <Dots {...{ points, telling, numbered, name }}>
          {({ p, x }) => ({ x, y: p > 0.5 ? lyingTop - 4 : lyingHeight - 1, anchor: 'middle' })}
        </Dots>
      </svg>
    </div>
  );
}

/** What a number takes beside another in the same row, in CSS pixels. */
const numberWidth = 20;

/** Of the telling points those whose numbers cover no other: from the last on, since that is what was answered. */
function withRoom(points: readonly { readonly p: number; readonly x: number }[], telling: readonly number[]): number[] {
  const shown: number[] = [];
  for (const at of telling.toReversed()) {
    const point = points[at];
    const isFree = shown.every((other) => {
      const held = points[other];
      if (!point || !held) return true;
      return point.p > 0.5 !== held.p > 0.5 || Math.abs(point.x - held.x) >= numberWidth;
    });
    if (isFree) shown.push(at);
  }
  return shown;
}

/** `.64`, and 1 as it is. */
const shortly = (p: number): string => fixed(p, 2).replace(/^0/, '');

const workedCurve = (curve: readonly CommitmentPoint[], answer: string): string =>
  `${commitmentSentence(curve, answer)}\n${probabilitiesOf(curve)
    .map((p, i) => `${afterWords(i)} ${fixed(p, 2)}`)
    .join(', ')}`;

const afterWords = (sentence: number): string =>
  sentence === 0 ? 'before the first sentence' : `after sentence ${sentence}`;

/** `p(A)`; of an answer that is longer than the head has room for, `p`. */
function answerName(answer: string): string {
  const shown = shownLine(answer, 20);
  return [...shown].length <= 3 ? `p(${shown})` : 'p';
}

/** What the curve says, for those who do not see it. */
export function commitmentSentence(curve: readonly CommitmentPoint[], answer: string): string {
  const probabilities = probabilitiesOf(curve);
  const sentences = curve.length - 1;
  const of = `The answer ${shownLine(answer, 40)}`;
  const lowest = `at its lowest ${fixed(Math.min(...probabilities), 2)} ${afterWords(probabilities.indexOf(Math.min(...probabilities)))}`;
  const fell = decided(curve);
  if (fell === null)
    return `${of} was not decided by the reasoning: ${fixed(probabilities.at(-1) ?? 0, 2)} at its end, ${lowest}.`;
  const when = fell.sentence === 0 ? 'before the first sentence' : `with sentence ${fell.sentence} of ${sentences}`;
  const after = `${count(fell.after, 'sentence')} came after`;
  return `${of} was decided ${when}, at ${fixed(fell.probability, 2)}; ${after}; ${lowest}.`;
}

/** Of the text, in CSS pixels. */
const lineHeight = 19;

/** Where the ends of sentences stand in the text, in CSS pixels from its top, and how many lines they take. @param ends in ascending order */
function levels(text: HTMLElement, ends: readonly number[]): { places: number[]; lines: number } {
  const { top } = text.getBoundingClientRect();
  const pieces = [...text.querySelectorAll<HTMLElement>('[data-start]')];
  const fall = leastFall(ends.length);
  let before = highest - fall;
  let at = 0;
  const found: number[] = [];
  const places = ends.map((end) => {
    while (at + 1 < pieces.length && Number(pieces[at]?.dataset.end) < end) at += 1;
    const piece = pieces[at];
    const box = piece && lineAt(piece, end);
    const level = box ? (box.top + box.bottom) / 2 - top : 0;
    found.push(level);
    before = Math.max(level, before + fall);
    return Math.round(before * 2) / 2;
  });
  return { places, lines: 1 + Math.round(((found.at(-1) ?? 0) - (found[0] ?? 0)) / lineHeight) };
}

/** The line of a piece in which a place of the text stands. */
function lineAt(piece: HTMLElement, end: number): DOMRect {
  const node = piece.firstChild;
  const offset = Math.max(1, end - Number(piece.dataset.start));
  if (node instanceof Text && piece.dataset.code === undefined && node.length > 0) {
    const range = document.createRange();
    range.setStart(node, Math.min(offset, node.length) - 1);
    range.setEnd(node, Math.min(offset, node.length));
    const box = [...range.getClientRects()].at(-1);
    if (box) return box;
  }
  return piece.getBoundingClientRect();
}
