/** The README of a sample project. */

/** What the person who opens the folder reads first, in Markdown. */
export function sampleReadme(made: { seed: number; videos: number; images: number; questions: number }): string {
  return `# Sample project

${made.videos} videos and ${made.images} images of simple shapes, with ${made.questions} questions in the form of Video-R1's datasets, drawn from
seed ${made.seed}. A model of about a million parameters can learn them on a laptop in minutes.

## Where to start

- In VS Code with the extension: run **Video-R1: Start SFT Run**, then **Video-R1: Start T-GRPO Run**.
- In a terminal: \`video-r1 run sft.run.json\`, then \`video-r1 run tgrpo.run.json\`.

## What is here

| file | what it is |
|---|---|
| sft.run.json | SFT: a small model is made from nothing and learns chains of thought |
| tgrpo.run.json | T-GRPO from the newest checkpoint of sft |
| grpo.run.json | the same without shuffled frames and without the temporal reward |
| no-image.run.json | T-GRPO on videos alone |
| prompt.json | the wording of the prompts |
| data/sft.json | questions with chains of thought |
| data/rl.json | questions for T-GRPO and GRPO |
| data/eval.json | questions that no run trains on |
| data/media/ | the videos (four seconds each) and images; no file belongs to two splits |

Videos ask what can't be told from frames in another order: which way a shape moves, which colour comes first, whether a
shape comes in or goes out, the order of four digits, the second in which a light goes on, how often a shape bounces.
Images ask for a description (general), the tallest bar (chart), digits (OCR), a sum (maths), what has a colour
(knowledge), and where one shape is from another (spatial).

## What is easy about it

Shapes are large, colours are few and pure, the ground is a soft shade by which a patch shows where it lies, each family of
questions has one wording, option letters
keep their meaning, and what happens in a video is settled second by second, as the chains of thought name it. RL asks
most of what SFT leaves half learned. One family has a shortcut, as an example to find: the number of lit frames gives away
when the light goes on. \`video-r1 audit data/eval.json --checkpoint tgrpo-1 --folder .\` names it.
`;
}
