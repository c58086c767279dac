/**
 * The update that a session is about to make and the one that it made last: what it did to its answers, and the same with something
 * changed, for a look alone. Knows how the weights stand to them; the arithmetic is `learning/try-update.ts`.
 */
import { hash32 } from '../data/random.ts';
import type { UpdatedAnswer } from '../learning/groups.ts';
import { maskFlagged } from '../learning/mask-flagged.ts';
import type { OpenGroups } from '../learning/open-groups.ts';
import { withOverrides } from '../learning/presets.ts';
import type { Models, Training } from '../learning/training.ts';
import { type MadeUpdate, receiptOf, tryUpdate, WeightsNotPutBack } from '../learning/try-update.ts';
import { engineLacks } from '../protocol/engine.ts';
import { asStudioError, StudioError } from '../protocol/errors.ts';
import type { ParameterValues } from '../protocol/parameters.ts';
import type { Receipt, ReceiptState, TriedParameters, TriedUpdate } from '../protocol/receipts.ts';
import type { RunSummary } from '../protocol/run-state.ts';
import type { RunJournal } from './run-journal.ts';
import type { Steering } from './steering.ts';
import type { Turns } from './turns.ts';

export interface UpdatesOf {
  readonly seed: number;
  readonly journal: RunJournal;
  readonly steering: Steering;
  readonly turns: Turns;
  receipt(step: number): Receipt | null;
  models(): Models;
  flaggedOf: Training['flaggedOf'];
}

/** What an update is tried with. */
export interface UpdateAsked {
  /** Of the update, as who asks believes. */
  readonly step: number;
  /** Ordered answers that are left out, as if they had not been sampled. */
  readonly masked: readonly string[];
  readonly parameters: TriedParameters;
}

/** Groups that an update can be made of. */
interface Target {
  readonly step: number;
  readonly open: OpenGroups;
  readonly parameters: ParameterValues;
}

export class SessionUpdates {
  private readonly of: UpdatesOf;
  /** Its update is not made yet, and the groups can still be changed. */
  private open: Target | null = null;
  /** Its update is being made. */
  private closing: Target | null = null;
  /** The weights are those after it. */
  private made: (Target & MadeUpdate) | null = null;
  private fault: StudioError | null = null;

  constructor(of: UpdatesOf) {
    this.of = of;
  }

  // ---- what the loop does --------------------------------------------------------------------------------------------

  stepBegins(): void {
    this.open = null;
    this.closing = null;
  }

  groupsOpen(step: number, open: OpenGroups): void {
    this.open = { step, open, parameters: this.run.parameters };
  }

  /** From here on the weights are neither those before the update nor those after it. */
  updateBegins(): void {
    this.closing = this.open;
    this.open = null;
    this.made = null;
  }

  updateMade(computed: readonly UpdatedAnswer[]): void {
    this.made = this.closing && { ...this.closing, computed };
    this.closing = null;
  }

  /** The receipt of the step just made, where the share of steps that get one has it. */
  async afterStep(step: number): Promise<void> {
    const { seed, journal } = this.of;
    const { receiptShare } = this.run.parameters;
    if (this.made?.step !== step || hash32(seed, 'receipt', step) / 2 ** 32 >= receiptShare) return;
    journal.tellPart(`scoring the answers of step ${step} again`);
    try {
      await this.record(this.made);
    } catch (thrown) {
      // A look is no reason to end a run. What is wrong with the engine is met again by the next step.
      const message = `Step ${step} has no receipt: ${asStudioError(thrown).message}`;
      journal.record({ type: 'warning', message });
    } finally {
      journal.endProgress();
    }
  }

  /** @throws StudioError where the weights are not those that the run recorded */
  demandWhole(): void {
    if (this.fault) throw this.fault;
  }

  // ---- what people ask -----------------------------------------------------------------------------------------------

  state(step: number): Omit<ReceiptState, 'receipt'> {
    return {
      make: this.makeRefusal(step),
      attempt: this.attemptRefusal() ?? this.refusal(this.target, step),
      again: this.open === null,
    };
  }

  /** Of the step that was made last; the one that is there already where it is. @throws StudioError `conflict` */
  async makeReceipt(step: number): Promise<Receipt> {
    const there = this.of.receipt(step);
    if (there) return there;
    this.demand(this.makeRefusal(step));
    const made = this.made as NonNullable<typeof this.made>;
    return this.whileHeld(() => this.record(made));
  }

  /**
   * @param signal ends it between two calls of the engine
   * @throws StudioError `conflict` where it can't be tried now, or a command goes first; `not-found`, `bad-request` for what can't be
   *   changed; as the engine does. The weights are what they were then
   */
  async tryUpdate(asked: UpdateAsked, signal: AbortSignal, tell: (doing: string) => void): Promise<TriedUpdate> {
    const { step, masked, parameters } = asked;
    this.demand(this.attemptRefusal() ?? this.refusal(this.target, step));
    const target = this.target as Target;
    const again = this.open === null;
    const changed = withOverrides(target.parameters, given(parameters), 'bad-request', 'parameters');
    this.demandAble(changed);
    const plain = target.open.copy();
    if (!again && target.parameters.maskFlagged) {
      const silent = { flaggedOf: this.of.flaggedOf, onMasked: () => {} };
      await maskFlagged(silent, plain.sampled, plain, step);
    }
    const tried = plain.copy(changed);
    tried.leaveOut(masked);
    return this.whileHeld(async (cut) => {
      if (this.target !== target)
        throw new StudioError('conflict', 'The run has gone on meanwhile.', {
          place: this.run.id,
          remedy: 'Ask again.',
        });
      const planned = {
        plain: { open: plain, parameters: target.parameters },
        tried: { open: tried, parameters: changed },
      };
      try {
        const made = await tryUpdate(this.of.models(), planned, { step, signal: AbortSignal.any([signal, cut]), tell });
        return { ...made, again };
      } catch (thrown) {
        if (thrown instanceof WeightsNotPutBack) this.fault = thrown;
        throw thrown;
      }
    });
  }

  private get run(): RunSummary {
    return this.of.journal.summary;
  }

  private get target(): Target | null {
    return this.open ?? this.made;
  }

  /** Nobody else uses the engine, and the loop does not go on. */
  private whileHeld<T>(work: (cut: AbortSignal) => Promise<T>): Promise<T> {
    const { steering, turns } = this.of;
    return steering.beside((cut) => turns.take(() => work(cut)));
  }

  private async record(made: MadeUpdate): Promise<Receipt> {
    const receipt = await receiptOf(this.of.models(), made);
    if (receipt.answers.length > 0) this.of.journal.recordReceipt(receipt);
    return receipt;
  }

  private makeRefusal(step: number): string | null {
    const refusal = this.refusal(this.made, step);
    if (refusal !== null || this.made === null || this.made.open.answers().length > 0) return refusal;
    return `All groups of step ${step} are flat or left out: nothing was trained on, so nothing was moved.`;
  }

  private attemptRefusal(): string | null {
    const { engine } = this.run;
    if (this.run.method === 'sft') return notOfSft;
    if (engine?.capabilities?.snapshot === true) return null;
    return `Its engine, ${engine?.name ?? 'which is not known'}, can’t keep weights aside and put them back, so an update can’t be taken back.`;
  }

  private refusal(target: Target | null, step: number): string | null {
    if (this.run.method === 'sft') return notOfSft;
    if (this.run.state !== 'paused' || this.of.steering.heldAt === null) return notHeld;
    if (target === null) return 'No update was made since the model was loaded. Make a step, then ask again.';
    if (target.step === step) return null;
    return step < target.step
      ? `The weights have gone on since step ${step}; only step ${target.step} can be looked at now.`
      : `Step ${step} has not come to its update; only step ${target.step} can be looked at now.`;
  }

  private demand(refusal: string | null): void {
    if (refusal !== null) throw new StudioError('conflict', refusal, { place: this.run.id });
  }

  private demandAble(parameters: ParameterValues): void {
    const { method } = this.run;
    const can = this.of.models().engine.capabilities;
    const [lack] = engineLacks(can, { chunks: [], training: { method, parameters } });
    if (lack !== undefined) throw new StudioError('bad-request', lack, { place: this.run.id });
  }
}

const notOfSft = 'SFT trains on texts that are given, and has no answers that an update rewards or punishes.';
/** Of a run that nothing of is in memory too. */
export const notHeld =
  'Only a run that is paused in memory can tell, as it takes its own weights: pause one that goes on, and keep it in memory.';

/** Without what is undefined, which would take a parameter away. */
function given(parameters: TriedParameters): Partial<ParameterValues> {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined));
}
