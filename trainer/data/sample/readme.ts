/** The README of a sample project. */
import type { CueShare } from './cued.ts';
import type { Cues } from './families.ts';
import type { WorldName } from './worlds.ts';

interface Made {
  readonly world: WorldName;
  readonly seed: number;
  readonly cues: Cues | null;
  readonly videos: number;
  readonly images: number;
  readonly questions: number;
}

/** What the person who opens the folder reads first, in Markdown. */
export function sampleReadme(made: Made): string {
  const hasImages = made.images > 0;
  const text = `# Sample project

${made.videos} videos ${hasImages ? `and ${made.images} images ` : ''}of simple shapes, with ${made.questions} questions in the form of Video-R1's datasets: the ${made.world}
world, drawn from seed ${made.seed}. A model of about a million parameters can learn them on a laptop in minutes.

## Where to start

- In VS Code with the extension: run **Video-R1: Start SFT Run**, then **Video-R1: Start T-GRPO Run**.
- In a terminal: \`video-r1 run sft.run.json\`, then \`video-r1 run tgrpo.run.json\`.

## What is here

| file | what it is |
|---|---|
| sft.run.json | SFT: a small model is made from nothing and learns chains of thought |
| tgrpo.run.json | T-GRPO from the newest checkpoint of sft |
| grpo.run.json | the same without shuffled frames and without the temporal reward |
${hasImages ? '| no-image.run.json | T-GRPO on videos alone |\n' : ''}| prompt.json | the wording of the prompts |
| data/sft.json | questions with chains of thought |
| data/rl.json | questions for T-GRPO and GRPO |
| data/eval.json | questions that no run trains on |
| data/media/ | the videos (four seconds each)${hasImages ? ' and images' : ''}; no file belongs to two splits |

${videosOf[made.world]}
${hasImages ? imagesText : ''}${made.cues === null ? '' : cuesText(made.cues)}
## What is easy about it

Shapes are large, colours are few and pure, the ground is a soft shade by which a patch shows where it lies, each family of
questions has one wording, option letters
keep their meaning, and what happens in a video is settled second by second, as the chains of thought name it. RL asks
most of what SFT leaves half learned. ${made.world === 'plain' || made.world === 'mixed' ? lightText : ''}`;
  return `${text.trimEnd()}\n`;
}

/** What cues there are, and how far they can be trusted. */
function cuesText({ sft, rl, chains, ...cues }: Cues): string {
  const share = (of: CueShare) => (of === 'chance' ? 'as often as by chance' : `in ${Math.round(100 * of)} %`);
  return `
## The cues

In some families something that stands still suggests an answer: the colour says which way, the corner of a white mark says which
colour, the shape says in or out, the half of the picture says whether it grows. The cue is right ${share(sft)} of the questions of SFT,
${share(rl)} of those of RL, and ${share(cues.eval)} in evaluation. Of the chains of thought in \`data/sft.json\`,
${Math.round(100 * chains)} % go by the cue and have its answer, right or not; the rest read second by second. \`cue_conflicts\` says of each row
whether its cue gives a wrong answer, and \`data_source\` ends in it.
`;
}

const six = `Videos ask what can't be told from frames in another order: which way a shape moves, which colour comes first, whether a
shape comes in or goes out, the order of four digits, the second in which a light goes on, how often a shape bounces.`;
const four = `Videos ask what can't be told from frames in another order: which way a shape moves, which colour comes first, whether a
shape comes in or goes out, whether it grows or shrinks`;
const videosOf: Readonly<Record<WorldName, string>> = {
  mixed: `${four}, the order of four digits, the second in which a light goes on.`,
  plain: six,
  shortcut: `${four}.`,
  'held-out': `${four}. And which digit comes first: no setting was chosen on that.`,
};

const imagesText = `Images ask for a description (general), the tallest bar (chart), digits (OCR), a sum (maths), what has a colour
(knowledge), and where one shape is from another (spatial).
`;

const lightText = `One family has a shortcut, as an example to find: the number of lit frames gives away
when the light goes on. \`video-r1 audit data/eval.json --checkpoint tgrpo-1 --folder .\` names it.`;
