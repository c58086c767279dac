/**
 * When each advisory begins and when it ends, in one table: windows in steps, shares from 0 to 1. Each ends at a milder value than it
 * begins at, so that a number that lies at the limit does not begin and end it by turns. `media/guide/advisories.md` has the same
 * table for people.
 *
 * They are far from what runs of `npm run study` that go well show, four of which `test/fixtures/advised-runs.json` has.
 */
export const thresholds = {
  /** The next save, one more for the resume after a fault, and one to spare: below that somebody has to act before the run stops. */
  'disk-low': { begins: 3, ends: 4 },
  /** Ten steps without a single reward: of a policy that earns one in a hundred answers, 80 answers a step would have shown some by then. */
  'rewards-zero': { window: 10 },
  /**
   * Nats a token against the reference (k3), the mean over five steps. At 0.5 an answer of 100 tokens is e^50 times likelier than under
   * the reference: it writes something else. Runs of the study reach 0.2.
   */
  'kl-runaway': { window: 5, begins: 0.5, ends: 0.25 },
  /** By how much the share of answers with the right form is below the best ten steps before; an answer without it has none to be right. */
  'format-lost': { window: 10, begins: 0.25, ends: 0.15 },
  /** What is left of the entropy of the first ten steps: where answers are all alike, groups are flat. Runs of the study keep 0.8 of it. */
  'entropy-collapsed': { window: 10, begins: 0.25, ends: 0.4 },
  /**
   * By how much accuracy is below the best evaluation before: at least `begins`, and more than its 95 % interval allows for; it has
   * ended where it is below half of both. The reward has to have risen over at least `window` steps between the two.
   */
  'evaluation-falls': { window: 10, begins: 0.03, ends: 0.015 },
  /** At four in five, a step learns from a fifth of what it samples. Sample runs after SFT begin at 0.5 to 0.6. */
  'flat-groups': { window: 10, begins: 0.8, ends: 0.7, leastGroups: 20 },
  /**
   * By how much a kind of question is below what it was in the `before` steps before the window, where that is three standard errors
   * too (many kinds are looked at, at every step) and the others have not fallen by more than `others`; or not one answer right, where
   * the others reach `otherwise`. Of ten questions each: fewer say more of the questions than of their kind.
   */
  'source-fails': {
    ...{ window: 20, before: 40, begins: 0.3, ends: 0.2 },
    ...{ errors: 3, others: 0.1, otherwise: 0.25, leastGroups: 10 },
  },
  /** Of answers that are cut. One in four has no answer to be paid for, so that length is punished and not reasoning. */
  'length-limit': { window: 10, begins: 0.25, ends: 0.15 },
  /** Of the answers that got r_t, those whose advantage it changed; at one in twenty T-GRPO is nearly GRPO. */
  'order-not-felt': { window: 20, begins: 0.05, ends: 0.1, leastPaid: 50 },
  /**
   * The slope of the accuracy over the last half of the steps, at least `window`: its 95 % interval holds 0, and its upper end times the
   * steps left comes to less than `begins`, five answers of a hundred, as does half its width, so that no chance dip alone brings that
   * about. Not where there is no more than that to gain, nor in the last tenth of a run, where nothing is to be done about it. Over where
   * the upper end allows for `ends`, or for `begins` and the rise is sure.
   */
  stalled: { window: 50, begins: 0.05, ends: 0.1, lastTenth: 0.1 },
} as const;
