/** Verdicts of audits in words. */
import { type AuditCue, type AuditSlice, type AuditVerdict, cuesWithoutVideo } from './audit.ts';

const enoughWords: Readonly<Record<AuditCue, string>> = {
  'no video': 'nothing in its place is enough',
  blind: 'blank frames are enough',
  'one frame': 'one frame is enough',
  'any order': 'any order is enough',
  reversed: 'reversed frames are enough',
  'no question': 'no question is needed',
};

/** What is there in a video's place. */
export const cueWords: Readonly<Record<AuditCue, string>> = {
  'no video': 'no video',
  blind: 'blank frames',
  'one frame': 'one frame',
  'any order': 'any order',
  reversed: 'reversed frames',
  'no question': 'no question',
};

const percent = (share: number) => `${Math.round(100 * share)} %`;

type Judged = Omit<AuditSlice, 'verdict'> & { readonly verdict: AuditVerdict };

/** A verdict in a few words; what is right more often than by a guess, without being enough, is named behind it. */
export function verdictWords(slice: Judged): string {
  const helped = slice.cues.filter(({ strength }) => strength === 'helps').map(({ cue }) => cueWords[cue]);
  const isKnown = slice.verdict.kind !== 'unknown';
  return `${mainWords(slice)}${isKnown && helped.length > 0 ? `; better than a guess with ${helped.join(', ')}` : ''}`;
}

function mainWords({ verdict, videos, needsOrder, order }: Judged): string {
  const medium = videos === 0 ? 'image' : 'video';
  switch (verdict.kind) {
    case 'unknown':
      return verdict.why === 'few' ? 'too few questions' : 'no better than a guess, so nothing follows';
    case 'shortcut': {
      const { cues } = verdict;
      if (cues.length === 0)
        return `SHORTCUT in part: ${percent(order?.unused?.share ?? 0)} of the right answers do not use the order`;
      const what = cues.some((cue) => cuesWithoutVideo.includes(cue))
        ? `right without the ${medium}`
        : 'right without order';
      return `SHORTCUT: ${what}, ${cues.map((cue) => enoughWords[cue]).join(', ')}`;
    }
    case 'needs no order':
      return `needs no order, ${verdict.cues.map((cue) => enoughWords[cue]).join(', ')}`;
    case 'needs order':
      return 'needs order';
    case 'needs the video':
      return `needs the ${medium}${needsOrder > 0 ? ', of its order nothing follows' : ''}`;
  }
}
