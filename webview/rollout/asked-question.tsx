/** What was asked, in a few lines: the question, its options or solution, and the frames in their order in one row. */
import { useState } from 'preact/hooks';
import type { MediaView, Question } from '../../trainer/protocol/records.ts';
import type { RunFeed } from '../state/run-feed.ts';
import styles from './asked-question.module.css';
import { FramePreviewBox } from './frame-preview.tsx';
import { type FramePreview, FrameStrip } from './frame-strip.tsx';
import { QuestionText } from './question-text.tsx';
import { useFetched } from './use-fetched.ts';

interface AskedQuestionProps {
  readonly question: Question;
  readonly media: MediaView;
  readonly feed: RunFeed;
  /** Opens its row of the dataset. */
  readonly onRow: () => void;
}

export function AskedQuestion({ question, media, feed, onRow }: AskedQuestionProps) {
  const frames = useFetched(feed, media.key, (key) => feed.frames(key));
  const [frame, setFrame] = useState(0);
  const [preview, setPreview] = useState<FramePreview | null>(null);
  return (
    <div class={styles.question}>
      <div class={styles.text}>
        <QuestionText {...{ question, media, onRow }} compact />
      </div>
      <FrameStrip
        key={media.key}
        {...{ media, frames }}
        order="ordered"
        besideCount={0}
        both={false}
        compact
        selected={frame}
        onSelect={setFrame}
        onPreview={setPreview}
        onFocused={() => {}}
      />
      {preview && <FramePreviewBox {...{ media, frames }} frame={preview.frame} anchor={preview.anchor} />}
    </div>
  );
}
