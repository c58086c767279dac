/** The run is paused, and this lets it go on; where it can't, the button says why. */
import type { RunFeed } from '../state/run-feed.ts';
import { Button } from '../ui/toolkit.tsx';
import type { Control } from './run-controls.ts';

export function ResumeButton({ feed, resume }: { readonly feed: RunFeed; readonly resume: Control }) {
  return (
    <Button
      disabled={resume.refused !== null}
      title={resume.refused ?? resume.label}
      onPress={() => void feed.command(resume.request)}
    >
      {resume.label}&nbsp;<kbd>{resume.key}</kbd>
    </Button>
  );
}
