/** A tier of aha: one hue, told by its line and number. T1 is a cue that the prompt asks for and counts for nothing. */
export const tierWords: Readonly<Record<number, string>> = {
  1: 'a cue that the prompt asks for; not an aha',
  2: 'looks again after a commitment, nothing new checked',
  3: 'checks evidence not used before',
  4: 'rejects an option or commitment with a reason',
  5: 'the answer changes',
};

export function AhaTier({ tier }: { tier: number }) {
  return (
    <span class={`tier t${tier}`} title={tier > 0 ? `T${tier}: ${tierWords[tier]}` : 'no aha'}>
      T{tier}
    </span>
  );
}
