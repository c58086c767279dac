/** What a question shows, out of the dataset: its options, and its frames as the model was given them. */
import type { AuditLine } from '../../trainer/protocol/audit.ts';
import { shownLine } from '../../trainer/protocol/hostile-text.ts';
import { FrameCanvas } from '../rollout/frame-canvas.tsx';
import { frameTitle } from '../rollout/frame-strip.tsx';
import { useFetched } from '../rollout/use-fetched.ts';
import type { RunFeed } from '../state/run-feed.ts';
import styles from './audited-question.module.css';

interface AuditedQuestionProps {
  readonly feed: RunFeed;
  /** Of the audit. */
  readonly name: string;
  readonly line: Pick<AuditLine, 'dataset' | 'row'>;
}

export function AuditedQuestion({ feed, name, line: { dataset, row } }: AuditedQuestionProps) {
  const found = useFetched(feed, `${name} ${dataset} ${row}`, () =>
    feed.request('audits/question', { name, dataset, row }),
  );
  const media = found?.media ?? null;
  const frames = useFetched(feed, media?.key ?? null, (key) => feed.frames(key));
  if (found === null) return <p class="dim">Reading its options and frames.</p>;
  return (
    <>
      {found.options.length > 0 && (
        <ul class={styles.options} aria-label="Options" data-part="options">
          {found.options.map((option) => (
            <li key={option} class="model-text">
              {shownLine(option, 200)}
            </li>
          ))}
        </ul>
      )}
      {media && (
        <div class={styles.frames} data-part="frames">
          {media.times.map((time, i) => (
            <FrameCanvas
              key={`${time} ${i}`}
              frames={frames}
              index={i}
              label={frameTitle(media, i)}
              width={media.width}
              height={media.height}
            />
          ))}
        </div>
      )}
      {found.without !== null && <p class="dim">Without its frames: {shownLine(found.without, 300)}</p>}
    </>
  );
}
