import { describe, expect, it } from 'vitest';
import { sampleAll } from '../tfjs/tiny.ts';
import { model, never, plain, type Started, started, tokensOf, told } from './attached.ts';
import { logprobOf, writtenAnswer } from './scripted-gateway.ts';

describe('sampling', () => {
  it('asks for what is wanted, and bans what must not be drawn', async () => {
    const s = await started();
    await told(s, [7, -1], { temperature: 0.7, topP: 0.9, topK: 5, alternatives: 2, maxTokens: 3 });
    const [sent] = s.gateway.of('sample');
    expect(sent).toMatchObject({
      ...{ model: s.policy.id, maxTokens: 3, temperature: 0.7, topP: 0.9, topK: 5, alternatives: 2 },
      answers: [
        { prompt: 0, seed: 7 },
        { prompt: 0, seed: 2 ** 32 - 1 },
      ],
    });
    const special = (name: string) => s.gateway && model.tokenizer.special(name);
    expect(sent?.endTokens).toEqual([special('<|im_end|>'), special('<|endoftext|>')]);
    const banned = new Set(sent?.banned);
    for (const name of ['<|im_start|>', '<|video_pad|>', '<|image_pad|>', '<|vision_start|>'])
      expect(banned.has(special(name))).toBe(true);
    expect(banned.has(tokensOf('red')[0] ?? -1)).toBe(false);
    expect(banned.has(special('<|im_end|>'))).toBe(false);
  });

  it('tells text as it is written, and answers whole', async () => {
    const [red = 0, blue = 0] = [tokensOf('red')[0], tokensOf('blue')[0]];
    const textOf = (ids: number[]) => ids.map((id) => Buffer.from(model.tokenizer.bytes(id)).toString()).join('');
    const s = await started({
      sample: (_, tell) => {
        tell({ added: [{ answer: 1, tokens: Int32Array.of(blue) }] });
        tell({ added: [{ answer: 0, tokens: Int32Array.of(red) }], finished: [writtenAnswer(1, [blue, red])] });
        tell({ finished: [writtenAnswer(0, [red], 0, 'stop')] });
        return {};
      },
    });
    const { events, completions } = await told(s, [1, 2]);
    expect(completions.map(({ text, stopReason }) => [text, stopReason])).toEqual([
      [textOf([red]), 'stop'],
      [textOf([blue, red]), 'length'],
    ]);
    expect(completions[1]?.logprobs).toEqual(Float32Array.from([blue, red], logprobOf));
    expect(completions[1]?.entropy).toEqual(Float32Array.from([blue, red], (id) => id / 1000));
    const deltas = events.flatMap((event) => (event.kind === 'delta' ? [[event.index, event.text]] : []));
    expect(deltas).toEqual([
      [1, textOf([blue])],
      [0, textOf([red])],
      [1, textOf([red])],
    ]);
  });

  it('gives the alternatives of each token in order', async () => {
    const s = await started({
      sample: ({ alternatives }, tell) => {
        tell({ finished: [writtenAnswer(0, [40, 41], alternatives)] });
        return {};
      },
    });
    const { completions } = await told(s, [1], { alternatives: 3 });
    const numbers = completions[0]?.alternatives?.map((each) => each.map(({ token: id }) => id));
    expect(numbers).toEqual([
      [40, 41, 42],
      [41, 42, 43],
    ]);
    expect(completions[0]?.alternatives?.[0]?.[1]?.logprob).toBeCloseTo(-0.41, 6);
    await expect(told(s, [1], { alternatives: 21 })).rejects.toThrow('alternatives is 21; it is 0 to 20');
  });

  describe('a stop text', () => {
    const text = 'red</answer>';
    const written = [...'<answer>red</answer> and more'];

    it('ends an answer with the token that completes it, whatever was written behind, and has the gateway end it', async () => {
      const ids = written.map((letter) => tokensOf(letter)[0] ?? -1);
      const last = '<answer>red</answer>'.length;
      const s: Started = await started({
        sample: async ({ alternatives }, tell) => {
          tell({ added: [{ answer: 0, tokens: Int32Array.from(ids.slice(0, last - 2)) }] });
          tell({ added: [{ answer: 0, tokens: Int32Array.from(ids.slice(last - 2, last + 2)) }] });
          tell({ added: [{ answer: 0, tokens: Int32Array.from(ids.slice(last + 2)) }] });
          await s.gateway.next('end');
          tell({ finished: [writtenAnswer(0, ids, alternatives), writtenAnswer(1, [40], alternatives)] });
          return {};
        },
      });
      const { events, completions } = await told(s, [1, 2], { stop: ['never', text], maxTokens: 40, alternatives: 1 });
      const [cut, whole] = completions;
      expect([cut?.text, cut?.stopReason]).toEqual(['<answer>red</answer>', 'stop']);
      for (const values of [cut?.tokens, cut?.logprobs, cut?.entropy, cut?.alternatives])
        expect(values).toHaveLength(last);
      expect(whole?.stopReason).toBe('length');
      const deltas = events.flatMap((event) => (event.kind === 'delta' && event.index === 0 ? [event.text] : []));
      expect(deltas.join('')).toBe('<answer>red</answer>');
      expect(s.gateway.of('end')).toEqual([{ of: expect.any(Number), answer: 0 }]);
      expect(s.gateway.asked.find(({ method }) => method === 'sample')?.id).toBe(s.gateway.of('end')[0]?.of);
    });

    it('is found in tokens that were told only at the end', async () => {
      const ids = written.map((letter) => tokensOf(letter)[0] ?? -1);
      const s = await started({
        sample: (_, tell) => {
          tell({ finished: [writtenAnswer(0, ids)] });
          return {};
        },
      });
      const { completions } = await told(s, [1], { stop: [text], maxTokens: 40 });
      expect([completions[0]?.text, completions[0]?.stopReason]).toEqual(['<answer>red</answer>', 'stop']);
      expect(s.gateway.of('end')).toEqual([]);
    });

    it('may begin in what the prompt holds of the answer', async () => {
      const s = await started({
        sample: (_, tell) => {
          tell({
            added: [{ answer: 0, tokens: Int32Array.from([...'wer>'].map((letter) => tokensOf(letter)[0] ?? -1)) }],
          });
          tell({
            finished: [
              writtenAnswer(
                0,
                [...'wer>!'].map((letter) => tokensOf(letter)[0] ?? -1),
              ),
            ],
          });
          return {};
        },
      });
      const begun = [...'red</ans'].map((letter) => tokensOf(letter)[0] ?? -1);
      const [[answer] = []] = await sampleAll(
        s.engine,
        s.policy,
        [{ prompt: [...plain, { kind: 'tokens', ids: begun }], seeds: [1] }],
        { stop: [text] },
      );
      expect([answer?.text, answer?.stopReason]).toEqual(['wer>', 'stop']);
      expect(s.gateway.of('sample')[0]?.prompts[0]?.begun).toBe(begun.length);
    });
  });

  it('ends open answers within the call when it is aborted', async () => {
    const abort = new AbortController();
    let finish: (() => void) | undefined;
    const s = await started({
      sample: async (_, tell) => {
        tell({ added: [{ answer: 0, tokens: Int32Array.of(40) }], finished: [writtenAnswer(1, [41], 0, 'stop')] });
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        tell({ finished: [writtenAnswer(0, [40, 42], 0, 'aborted')] });
        return {};
      },
      abort: () => {
        finish?.();
        return {};
      },
    });
    s.gateway.next('sample').then(() => abort.abort());
    const { completions } = await told(s, [1, 2], {}, abort.signal);
    expect(completions.map(({ stopReason }) => stopReason)).toEqual(['aborted', 'stop']);
    expect(s.gateway.of('abort').length).toBeGreaterThan(0);
  });

  it('that is aborted before its turn asks for nothing', async () => {
    const s = await started();
    const { completions } = await told(s, [1, 2], { alternatives: 1 }, AbortSignal.abort());
    expect(completions.map(({ stopReason, tokens }) => [stopReason, tokens.length])).toEqual([
      ['aborted', 0],
      ['aborted', 0],
    ]);
    expect(s.gateway.of('sample')).toEqual([]);
  });

  it('is aborted when nobody reads on, and the next call finds the gateway free', async () => {
    let finish: (() => void) | undefined;
    const s = await started({
      sample: async ({ answers }, tell) => {
        tell({ added: [{ answer: 0, tokens: Int32Array.of(40) }] });
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        tell({ finished: answers.map((_, answer) => writtenAnswer(answer, [40], 0, 'aborted')) });
        return {};
      },
      abort: () => {
        finish?.();
        return {};
      },
    });
    const options = { maxTokens: 8, temperature: 1, topP: 1 };
    for await (const event of s.engine.sample(s.policy, [{ prompt: plain, seeds: [1] }], options, never))
      if (event.kind === 'delta') break;
    expect(s.gateway.of('abort')).toHaveLength(1);
    expect(await s.engine.memory()).toEqual({ bytes: 12, tensors: 3, byRank: [12] });
  });

  const bad: [string, (tell: (event: object) => void) => void, string][] = [
    [
      'an answer that was not asked for',
      (tell) => tell({ finished: [writtenAnswer(5, [1])] }),
      'told of answer 5, which is not open',
    ],
    [
      'an answer twice',
      (tell) => tell({ finished: [writtenAnswer(0, [1]), writtenAnswer(0, [1])] }),
      'told of answer 0, which is not open',
    ],
    [
      'a token that there is not',
      (tell) => tell({ added: [{ answer: 0, tokens: Int32Array.of(99999) }] }),
      'wrote token 99999',
    ],
    [
      'arrays of different lengths',
      (tell) => tell({ finished: [{ ...writtenAnswer(0, [1, 2]), logprobs: new Float32Array(1) }] }),
      'told of answer 0 what does not fit together',
    ],
    [
      'more tokens than were asked for',
      (tell) => tell({ finished: [writtenAnswer(0, [1, 2, 3, 4, 5, 6, 7, 8, 9])] }),
      'told of answer 0 what does not fit together',
    ],
    [
      'alternatives that nobody asked for',
      (tell) => tell({ finished: [writtenAnswer(0, [1], 2)] }),
      'told of answer 0 what does not fit together',
    ],
    [
      'numbers for arrays',
      (tell) => tell({ added: [{ answer: 0, tokens: [1, 2] }] }),
      'told what can’t be read of answers',
    ],
    ['an end without all answers', () => undefined, 'ended its answers without number 0'],
  ];
  it.each(bad)('takes no nonsense: %s', async (_, tells, message) => {
    const s = await started({
      sample: (__, tell) => {
        tells(tell as (event: object) => void);
        return {};
      },
    });
    await expect(told(s, [1])).rejects.toMatchObject({
      kind: 'engine-failed',
      message: expect.stringContaining(message.replaceAll('’', "'")),
    });
  });
});
