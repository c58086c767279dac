/** What was asked, in a few lines: the question, its options or solution, and the frames that the model saw in one row. */
import type { MediaView, Question } from '../../trainer/protocol/records.ts';
import type { RunFeed } from '../state/run-feed.ts';
import { shownLine, shownPieces } from '../ui/hostile-text.ts';
import { Icon } from '../ui/icons.tsx';
import styles from './asked-question.module.css';
import { FrameCanvas } from './frame-canvas.tsx';
import { frameTitle } from './frame-strip.tsx';
import { isSolution } from './solution.ts';
import { useFetched } from './use-fetched.ts';

interface AskedQuestionProps {
  readonly question: Question;
  /** What was seen; null while it is on its way. */
  readonly media: MediaView | null;
  readonly feed: RunFeed;
}

export function AskedQuestion({ question, media, feed }: AskedQuestionProps) {
  const frames = useFetched(feed, media?.key ?? null, (key) => feed.frames(key));
  return (
    <div class={styles.question}>
      <p class={`${styles.problem} model-text`} title={shownLine(question.problem, 2000)}>
        {shownPieces(question.problem).map(({ shown }) => shown)}
      </p>
      <ul class={styles.options}>
        {question.options.map((option) => (
          <li key={option} class="model-text">
            {isSolution(option, question.solution) && <Icon name="check" label="the solution" class={styles.tick} />}
            {shownLine(option)}
          </li>
        ))}
        {question.options.length === 0 && (
          <li class="model-text">
            <Icon name="check" label="the solution" class={styles.tick} />
            {shownLine(question.solution)}
          </li>
        )}
      </ul>
      {media && (
        <ol class={styles.frames} aria-label={media.kind === 'image' ? 'The image' : 'Frames in order'}>
          {media.times.map((_, index) => (
            <li key={index} title={frameTitle(media, index)}>
              <FrameCanvas
                frames={frames}
                index={index}
                label={frameTitle(media, index)}
                width={media.width}
                height={media.height}
              />
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}
