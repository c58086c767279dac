/** In what two runs were set differently, in one sentence that opens to all of it. */
import { useState } from 'preact/hooks';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { isParameterName, parameters } from '../../trainer/protocol/parameters.ts';
import type { RunDifference } from '../../trainer/protocol/questions.ts';
import styles from './differences.module.css';

const mostNamed = 3;

const nameOf = ({ name }: RunDifference) => (isParameterName(name) ? parameters[name].label : name);
const shownValue = (value: string | null, longest: number) => (value === null ? 'none' : shownLine(value, longest));

interface DifferencesProps {
  readonly differences: readonly RunDifference[];
  readonly equal: number;
}

export function Differences({ differences, equal }: DifferencesProps) {
  const [open, setOpen] = useState(false);
  const named = differences
    .slice(0, mostNamed)
    .map((one) => `${nameOf(one)} ${shownValue(one.first, 24)}, ${shownValue(one.second, 24)}`);
  const more = differences.length - named.length;
  const kinds = new Set(differences.map(({ kind }) => kind));
  const same = (['data', 'seed', 'weights'] as const)
    .filter((kind) => !kinds.has(kind))
    .map((kind) => (kind === 'weights' ? 'start weights' : kind));
  return (
    <div class={styles.differences} data-part="differences">
      <p>
        {differences.length === 0 ? (
          'The two runs are set alike in all.'
        ) : (
          <>
            The runs differ in <b>{named.join('; ')}</b>
            {more > 0 && ` and ${more} more`}; {equal} settings{same.length > 0 && `, ${same.join(', ')} among them,`}{' '}
            are equal.{' '}
            <button type="button" class="link" aria-expanded={open} onClick={() => setOpen(!open)}>
              {open ? 'Less' : 'All'}
            </button>
          </>
        )}
      </p>
      {open && (
        <table>
          <tbody>
            {differences.map((one) => (
              <tr key={one.name}>
                <td class="cut" title={one.name}>
                  {nameOf(one)}
                </td>
                <td class={styles.value} title={shownValue(one.first, 2000)}>
                  {shownValue(one.first, 200)}
                </td>
                <td class={styles.value} title={shownValue(one.second, 2000)}>
                  {shownValue(one.second, 200)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
