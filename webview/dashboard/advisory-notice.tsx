/** The gravest thing that needs a person, in the open: nobody would look for it among what was left out. */
import { advisoryLabels, heard } from '../../trainer/protocol/advisories.ts';
import { commandOfWay, waysNow } from '../../trainer/protocol/advisory-words.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { Notice } from '../ui/notice.tsx';
import { count } from '../ui/numbers.ts';
import { Button } from '../ui/toolkit.tsx';
import { AdvisoryWay, type AdvisoryWayProps } from './advisory-way.tsx';
import { warningsId } from './warning-list.tsx';

/** Of its ways on: one command and the answers to look at. The list of warnings has them all. */
export function AdvisoryNotice(props: Omit<AdvisoryWayProps, 'way' | 'brief'>) {
  const { feed, view, noTrainer } = props;
  const [gravest, ...others] = heard(view.run);
  if (!gravest) return null;
  const { key, rule, since, message } = gravest;
  const ways = waysNow(gravest, view.run);
  const shown = [ways.find((way) => commandOfWay(way) !== null), ways.find(({ kind }) => kind === 'look')];
  return (
    <Notice
      key={key}
      kind="warning"
      title={`${advisoryLabels[rule]}, since step ${since}.`}
      actions={
        <>
          {shown.map((way) => way && <AdvisoryWay key={way.kind} {...props} way={way} brief />)}
          <Button
            disabled={noTrainer !== null}
            title={noTrainer ?? 'Tell no more of it in this run; the list of warnings keeps it'}
            onPress={() => feed.request('advisories/mute', { key }).catch((thrown: unknown) => feed.fail(thrown))}
          >
            Mute
          </Button>
        </>
      }
    >
      <span class="model-text">{shownLine(message, 1000)}</span>
      {others.length > 0 && (
        <>
          {' '}
          <button
            type="button"
            class="link"
            onClick={() => document.getElementById(warningsId)?.scrollIntoView({ block: 'start' })}
          >
            {count(others.length, 'other')} below
          </button>
        </>
      )}
    </Notice>
  );
}
