/** What detectors suggest is that of the text that is read, whichever answer comes last, and is answered one after the other. */
import { describe, expect, it } from 'vitest';
import type { Suggestion } from '../../../trainer/protocol/review-queue.ts';
import { Suggesting } from '../../../webview/rollout/suggesting.ts';

const suggestion = (detector: string, answered: Suggestion['answered'] = null): Suggestion => ({
  ...{ detector, category: 'repetition', span: null, says: detector, answered, precision: null },
});

function opened() {
  const asked: { item: string; give(suggestions: Suggestion[]): void }[] = [];
  const answers: [string, string, boolean][] = [];
  const said: string[] = [];
  const failed: unknown[] = [];
  const suggesting = new Suggesting(
    {
      list: (item) => new Promise((give) => void asked.push({ item, give })),
      answer: async (item, { detector, accepted }) => {
        answers.push([item, detector, accepted]);
        return { ids: [`${detector}-id`] };
      },
      fail: (thrown) => void failed.push(thrown),
    },
    (ids) => said.push(...ids),
  );
  const held = () => suggesting.state.get().map(({ detector }) => detector);
  return { suggesting, asked, answers, said, failed, held };
}

describe('suggestions', () => {
  it('of the text before are gone at once, and do not come late', async () => {
    const { suggesting, asked, held } = opened();
    suggesting.show('a');
    suggesting.show('b');
    asked[1]?.give([suggestion('of b')]);
    await expect.poll(held).toEqual(['of b']);
    asked[0]?.give([suggestion('of a')]);
    await Promise.resolve();
    expect(held()).toEqual(['of b']);
    suggesting.show(null);
    expect(held()).toEqual([]);
    suggesting.show(null);
    expect(asked.map(({ item }) => item)).toEqual(['a', 'b']);
  });

  it('are answered from the first that is open, told to who takes back, and read again', async () => {
    const { suggesting, asked, answers, said, held } = opened();
    suggesting.show('a');
    asked[0]?.give([suggestion('one', { accepted: true, id: '1' }), suggestion('two'), suggestion('three')]);
    await expect.poll(held).toEqual(['one', 'two', 'three']);
    void suggesting.answer(false);
    await expect.poll(() => asked.length).toBe(2);
    expect([answers, said]).toEqual([[['a', 'two', false]], ['two-id']]);
    asked[1]?.give([suggestion('one', { accepted: true, id: '1' })]);
    await expect.poll(held).toEqual(['one']);
    await suggesting.answer(true);
    expect(answers).toHaveLength(1);
  });
});
