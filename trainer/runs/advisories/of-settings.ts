/** What of a run's settings and files keeps it from learning, as advisories: they begin and end with the settings. Computes only. */
import { type Advisory, advisoryKey, type WayOn } from '../../protocol/advisories.ts';
import { type Hindrance, hindranceSentence, hindrances } from '../../protocol/hindrances.ts';
import { isParameterName, parameters } from '../../protocol/parameters.ts';
import type { RunSummary } from '../../protocol/run-state.ts';
import type { AdvisoryChange } from './judge.ts';

/**
 * @param found of the settings alone, or of the run's files too
 * @param ofFiles whether the files were looked at: else what stands of them goes on standing
 * @param step that the run has reached. @returns the events to record, in order
 */
export function settingsChanges(
  run: RunSummary,
  found: readonly Hindrance[],
  ofFiles: boolean,
  step: number,
): AdvisoryChange[] {
  const { advisories: standing = [] } = run;
  const times = new Map<string, number>();
  const now = found
    .filter(({ isCertain }) => !isCertain)
    .map((hindrance): Advisory => {
      const { place } = hindrance;
      const nth = (times.get(place) ?? 0) + 1;
      times.set(place, nth);
      return {
        key: advisoryKey('settings', nth === 1 ? place : `${place} ${nth}`),
        ...{ rule: 'settings', since: step, message: hindranceSentence(hindrance), numbers: {} },
        ways: [...presetAgain(run, hindrance), { kind: 'person', why: hindrance.remedy }],
      };
    });
  const keys = new Set(now.map(({ key }) => key));
  const isOfFiles = (key: string) => key.includes(':dataset') || key.includes(':evaluationDataset');
  return [
    ...standing
      .filter(({ rule, key }) => rule === 'settings' && !keys.has(key) && (ofFiles || !isOfFiles(key)))
      .map(({ key }): AdvisoryChange => ({ type: 'advisory-ended', key, step })),
    ...now
      .filter(({ key, message }) => !standing.some((one) => one.key === key && one.message === message))
      .map((advisory): AdvisoryChange => ({ type: 'advisory', advisory })),
  ];
}

/** The preset's value, where it is another one and would hinder nothing. */
function presetAgain({ method, parameters: values, presetParameters }: RunSummary, { place }: Hindrance): WayOn[] {
  if (!isParameterName(place) || parameters[place].changes !== 'live') return [];
  const value = presetParameters[place];
  if (value === values[place]) return [];
  const then = hindrances(method, { ...values, [place]: value }, null);
  if (then.some((one) => one.place === place)) return [];
  return [{ kind: 'set', parameter: place, value, why: 'as the preset has it' }];
}
