/** What is right of a sample video that is shown backwards. */
import { letter, type Scene } from './scene.ts';

/** The other way round, by what a choice says. */
const opposites: Readonly<Record<string, string>> = {
  ...{ left: 'right', right: 'left', up: 'down', down: 'up' },
  ...{ in: 'out', out: 'in' },
  ...{ grow: 'shrink', shrink: 'grow' },
};

/**
 * The answer to a scene's question when its frames run backwards; null where it stays the same (a count, a number that reads alike
 * from both ends) or the question is about something that does not happen then (no light goes on).
 */
export function reversedAnswer(scene: Pick<Scene, 'family' | 'choices' | 'answer' | 'seen'>): string | null {
  const { family, choices, answer, seen } = scene;
  const choice = (wanted: string | undefined) => {
    const place = wanted === undefined ? -1 : choices.indexOf(wanted);
    return place < 0 || letter(place) === answer ? null : letter(place);
  };
  switch (family) {
    case 'direction':
    case 'in or out':
    case 'growth':
      return choice(opposites[choices.find((_, place) => letter(place) === answer) ?? '']);
    case 'first colour':
    case 'first digit':
      return choice(seen.at(-1));
    case 'digit order': {
      const backwards = [...answer].reverse().join('');
      return backwards === answer ? null : backwards;
    }
    default:
      return null;
  }
}
