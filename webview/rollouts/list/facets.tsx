/** Chips that narrow the list, each with what it would leave: all of them in rows, or the most used in one line. */
import { useState } from 'preact/hooks';
import { countingRule } from '../../../trainer/protocol/correctness.ts';
import type { ProblemType } from '../../../trainer/protocol/dataset.ts';
import { patternShown } from '../../../trainer/protocol/patterns.ts';
import { holds } from '../../../trainer/protocol/query/edit.ts';
import { facetTerms, patternOf } from '../../../trainer/protocol/query/facets.ts';
import { AhaTier } from '../../rollout/aha-tier.tsx';
import { Icon, OrderMark, TickOrCross, TypeIcon } from '../../ui/icons.tsx';
import { grouped } from '../../ui/numbers.ts';
import styles from './facets.module.css';

const facetLabels: Readonly<Record<string, string>> = {
  'half:ordered': 'ordered',
  'half:shuffled': 'shuffled',
  'correct:true': 'correct',
  'correct:false': 'wrong',
  'type:choice': 'choice',
  'type:number': 'number',
  'type:free': 'free',
  'type:regression': 'regr.',
  'type:ocr': 'OCR',
  'purpose:train': 'train',
  'purpose:probe': 'probe',
  'purpose:evaluation': 'evaluation',
  flagged: 'flagged',
};

const typesOfChips: Readonly<Record<string, ProblemType>> = {
  'type:choice': 'multiple choice',
  'type:number': 'numerical',
  'type:free': 'free-form',
  'type:regression': 'regression',
  'type:ocr': 'OCR',
};

interface FacetsProps {
  /** The filter as it is typed. */
  readonly line: string;
  readonly counts: Readonly<Record<string, number>>;
  /** The counts are of the filter before, and take long to be made of this one. */
  readonly areOfBefore: boolean;
  /** The run's `correctThreshold`. */
  readonly threshold: number;
  /** In one line, with the rest behind "more". */
  readonly brief: boolean;
  readonly onToggle: (term: string) => void;
}

/** Rows that the brief line shows. */
const briefRows = 2;

export function Facets({ line, counts, areOfBefore, threshold, brief, onToggle }: FacetsProps) {
  const [open, setOpen] = useState(false);
  const short = brief && !open;
  const told = areOfBefore ? {} : counts;
  /* A chip that would leave nothing says nothing, unless it is in the filter. */
  const rows = facetTerms
    .map(({ name, terms }) => ({
      name,
      shown: terms.filter((term) => holds(line, term) || (counts[term] ?? 1) > 0),
    }))
    .filter(({ shown }) => shown.length > 0);
  const isPressed = (term: string) => holds(line, term);
  const behind = rows.slice(briefRows).flatMap(({ shown }) => shown.filter(isPressed));
  return (
    <div class={`${styles.facets} ${short ? styles.brief : ''}`}>
      {rows.slice(0, short ? briefRows : undefined).map(({ name, shown }) => (
        <fieldset key={name} class={styles.facet}>
          <legend class={short ? 'sr-only' : styles.name}>{name}</legend>
          <div class={styles.chips}>
            {shown.map((term) => (
              <Chip
                key={term}
                {...{ term, threshold, onToggle }}
                counts={told}
                short={short}
                pressed={isPressed(term)}
              />
            ))}
          </div>
        </fieldset>
      ))}
      {short &&
        behind.map((term) => <Chip key={term} {...{ term, threshold, onToggle }} counts={told} short pressed />)}
      {brief && (
        <button type="button" class={styles.more} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'less' : 'more'} <Icon name={open ? 'up' : 'down'} />
        </button>
      )}
    </div>
  );
}

interface ChipProps extends Pick<FacetsProps, 'counts' | 'threshold' | 'onToggle'> {
  readonly term: string;
  readonly short: boolean;
  readonly pressed: boolean;
}

function Chip({ term, counts, threshold, short, pressed, onToggle }: ChipProps) {
  const pattern = patternOf(term);
  const label = facetLabels[term] ?? (pattern && patternShown(pattern));
  const count = counts[term];
  return (
    <button
      type="button"
      title={term.startsWith('correct:') ? `${term}, a fraction ${countingRule(threshold)}` : term}
      aria-pressed={pressed}
      onClick={() => onToggle(term)}
    >
      <FacetMark term={term} />
      {label && !(short && hasMark(term)) && <span>{label}</span>}
      <span class="dim">{count === undefined ? '' : grouped(count)}</span>
    </button>
  );
}

const hasMark = (term: string): boolean => /^(half|correct|type):/.test(term);

function FacetMark({ term }: { term: string }) {
  switch (term) {
    case 'half:ordered':
      return <OrderMark order="ordered" />;
    case 'half:shuffled':
      return <OrderMark order="shuffled" />;
    case 'correct:true':
      return <TickOrCross tick label="correct" />;
    case 'correct:false':
      return <TickOrCross tick={false} label="wrong" />;
    case 'flagged':
      return <Icon name="flag" />;
  }
  const tier = /^aha>=(\d)$/.exec(term)?.[1];
  if (tier) return <AhaTier tier={Number(tier)} />;
  const type = typesOfChips[term];
  return type ? <TypeIcon type={type} /> : null;
}
