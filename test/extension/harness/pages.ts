/** The dashboard and rollouts pages as a person reads them inside the window; no selector of theirs is used elsewhere. */
import type { FrameLocator, Locator } from 'playwright-core';
import type { Workbench } from './workbench.ts';

/** A number as the pages write it, with a true minus. */
function readNumber(text: string): number {
  return Number(text.replaceAll('\u2212', '-').replaceAll(',', ''));
}

export class DashboardPage {
  private readonly window: Workbench;
  private readonly frame: FrameLocator;

  constructor(window: Workbench) {
    this.window = window;
    this.frame = window.webview();
  }

  /** Brings the page to the front and waits until it shows the run, and has the focus, which would close a palette that is opened before. */
  async open(run: string): Promise<void> {
    await this.window.tab('Video-R1 Dashboard').click();
    await this.frame.getByRole('heading', { name: `Dashboard of ${run}` }).waitFor({ state: 'attached' });
    const hasFocus = () => this.window.page.evaluate(() => document.activeElement?.tagName === 'IFRAME');
    await this.window.until(hasFocus, 'the page to have the focus', 30_000);
  }

  /** Steps done, as the header says. */
  async step(): Promise<number> {
    return readNumber((await this.frame.locator('[data-part=progress] b').textContent()) ?? '');
  }

  /** The last point of a curve: its step and value, read together. */
  async lastPoint(title: string): Promise<{ step: number; value: number }> {
    const label = await this.frame
      .getByRole('img', { name: new RegExp(`^${title} up to step`) })
      .getAttribute('aria-label');
    const found = /up to step (\d+): .*?([\d.][\d.,e\u2212-]*)\. Arrow/.exec(label ?? '');
    return { step: Number(found?.[1]), value: readNumber(found?.[2] ?? '') };
  }

  /** Waits until a curve goes on to this step or beyond. */
  async waitForCurve(title: string, step: number): Promise<void> {
    const reached = async () => (await this.curveSteps(title)) >= step;
    await this.window.until(reached, `the curve ${title} to reach step ${step}`);
  }

  private async curveSteps(title: string): Promise<number> {
    const curve = this.frame.getByRole('img', { name: new RegExp(`^${title} up to step`) });
    if ((await curve.count()) === 0) return -1;
    return Number(/up to step (\d+)/.exec((await curve.first().getAttribute('aria-label')) ?? '')?.[1] ?? -1);
  }

  async secondsOfLastStep(): Promise<number> {
    const text = await this.frame
      .getByText(/^step \d+, [\d.]+ m?s/)
      .first()
      .textContent();
    const [, value, unit] = /, ([\d.]+) (m?s)/.exec(text ?? '') ?? [];
    return unit === 'ms' ? Number(value) / 1000 : Number(value);
  }

  /** Rows of the command log. */
  command(text: string | RegExp): Locator {
    return this.frame.getByRole('region', { name: 'Command log' }).getByRole('row').filter({ hasText: text });
  }

  get state(): Locator {
    return this.frame.getByRole('banner');
  }
}

export class RolloutsPage {
  private readonly window: Workbench;
  private readonly frame: FrameLocator;

  constructor(window: Workbench) {
    this.window = window;
    this.frame = window.webview();
  }

  async open(): Promise<void> {
    await this.window.tab('Video-R1 Rollouts').click();
    await this.rows.first().waitFor();
  }

  /** Rows of the list that are drawn now, newest first. */
  get rows(): Locator {
    return this.frame.getByRole('listbox', { name: /^Rollouts/ }).getByRole('option');
  }

  /** The row whose rollout is open. */
  get opened(): Locator {
    return this.frame.getByRole('option', { selected: true });
  }

  /** A row by what its title says: step, purpose, order and question. */
  row(title: RegExp): Locator {
    return this.frame.getByTitle(title);
  }

  /** Number of rollouts that the list counts. */
  async count(): Promise<number> {
    const text = await this.rows.first().getAttribute('aria-setsize');
    return Number(text);
  }

  /** The chips with the number of rollouts that each would leave. */
  get countedChips(): Locator {
    return this.frame.getByRole('button', { name: /^(train|ordered)\s*[\d,]+$/ });
  }

  async filter(line: string): Promise<void> {
    await this.frame.getByRole('combobox', { name: /^Filter/ }).fill(line);
  }

  /** The open group: its answers by half. */
  get group(): Locator {
    return this.frame.getByRole('region', { name: 'Group', exact: true });
  }

  /** Frames of the open rollout, the ordered strip and then the shuffled one. */
  get strips(): Locator {
    return this.frame.getByRole('region', { name: 'Frames as the model saw them' }).getByRole('listbox');
  }

  /** Waits until the frames of the open rollout, a video's, differ from one another: none is blank. */
  async framesDrawn(): Promise<void> {
    const frames = this.strips.first().getByRole('option');
    await frames.first().waitFor();
    const differ = async () => (await this.pixels(frames.first())) !== (await this.pixels(frames.last()));
    await this.window.until(differ, 'frames to be drawn');
  }

  /** Leaves an answer out of the open update, which is in sight. */
  async leaveAnswerOut(why: string): Promise<void> {
    const part = this.frame.locator('[data-part=open-group]');
    await part.getByRole('textbox', { name: 'Why' }).fill(why);
    const leave = part.getByRole('button', { name: /^Leave answer \d out$/ });
    if ((await leave.count()) === 0) await this.frame.locator('[data-pane=group] button[aria-pressed]').first().click();
    await leave.click();
    await part.getByRole('button', { name: /^Put answer \d back$/ }).waitFor({ timeout: 240_000 });
  }

  /** The question across steps, once what a change amounts to is worked out. */
  get across(): Locator {
    return this.frame.locator('[data-part=amounts]');
  }

  /** The pixels of one frame, as text that is the same for the same picture. */
  async pixels(frame: Locator): Promise<string> {
    return frame.locator('canvas').evaluate((canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL());
  }
}
