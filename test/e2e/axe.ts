/**
 * What axe finds in a page. It is put into a document once, and only what it complains of comes back: its results in full, and
 * a new copy of it for each look, cost far more than the rules do.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { AxeResults, RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

const source = readFileSync(path.resolve(import.meta.dirname, '../../node_modules/axe-core/axe.min.js'), 'utf8');

/** The classes that the editor gives its pages, and a browser tab by its own choice. */
export const themes = {
  dark: 'vscode-dark',
  light: 'vscode-light',
  'high contrast': 'vscode-high-contrast',
  'high contrast light': 'vscode-high-contrast vscode-high-contrast-light',
} as const;
export type Theme = keyof typeof themes;

/**
 * Puts a theme on in place, and waits until what scripts draw has followed it; what fades does so at once.
 * @returns the colours that the page then has, which no two themes share
 */
export async function wear(page: Page, theme: Theme): Promise<string> {
  return await page.evaluate(async (classes) => {
    document.body.className = `browser ${classes}`;
    await new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted)));
    // A colour that is on its way to another is neither theme's.
    for (const fade of document.getAnimations())
      if (fade.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY) fade.finish();
    const style = getComputedStyle(document.body);
    return [style.color, style.backgroundColor, style.getPropertyValue('--vscode-contrastBorder')].join(' ');
  }, themes[theme]);
}

async function putIn(page: Page): Promise<void> {
  if (page.frames().length > 1) throw new Error('The page has a frame, and axe would not look into it.');
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
}

/** What the functions that run in the page know of axe. */
interface InPage {
  readonly axe: { run(context: unknown, options: RunOptions): Promise<AxeResults> };
}

interface Fault {
  readonly rule: string;
  readonly html: string;
  readonly message: string;
}

/** A tooltip is read with what it is about, and so stands in no landmark of its own. */
const isOfTooltip = ({ rule, html }: Fault): boolean => rule === 'region' && html.includes('role="tooltip"');

/** @param within selectors of what is looked at; the whole page without */
async function faultsBy(page: Page, asked: RunOptions, within: readonly string[] = []): Promise<Fault[]> {
  await putIn(page);
  const given = { options: { ...asked, resultTypes: ['violations'], selectors: false } satisfies RunOptions, within };
  const found = await page.evaluate(async ({ options, within }) => {
    const context = within.length === 0 ? document : { include: [...within] };
    const { violations } = await (window as unknown as InPage).axe.run(context, options);
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, any }) => ({ rule: id, html, message: any[0]?.message ?? '' })),
    );
  }, given);
  return found.filter((fault) => !isOfTooltip(fault));
}

const told = ({ rule, html, message }: Fault): string => `${rule}: ${html} ${message}`;

/** By all rules that axe has on by itself, in the page as it is: a line each, with the rule, the element and what is wrong. */
export async function faultsNow(
  page: Page,
  { rules, within }: { readonly rules?: readonly string[]; readonly within?: readonly string[] } = {},
): Promise<string[]> {
  return (await faultsBy(page, rules ? { runOnly: [...rules] } : {}, within)).map(told);
}

/** By all rules that axe has on by itself but contrast, or by those that are named. */
const faultsBesideContrast = (page: Page, rules: readonly string[] | null): Promise<Fault[]> =>
  faultsBy(page, rules ? { runOnly: [...rules] } : { rules: { 'color-contrast': { enabled: false } } });

/** Elements with text by what they look like, kept in the page between the two functions that run there. */
interface WithTexts {
  texts: Map<string, Set<Element>>;
}

/**
 * What the texts of the page look like. Two look the same when everything that decides their contrast is: colour, size and
 * weight, all that is painted in what they stand in, and all that is painted where they stand without holding them.
 */
function findTexts(): string[] {
  const above = (element: Element): Element | null =>
    element.assignedSlot ?? element.parentElement ?? (element.getRootNode() as Partial<ShadowRoot>).host ?? null;
  /** A slot is no box: what is in it stands in what holds the slot. */
  const standsIn = (element: Element): Element =>
    element.tagName === 'SLOT' ? standsIn(above(element) ?? document.body) : element;
  const within = (root: Document | ShadowRoot): Element[] =>
    [...root.querySelectorAll('*')].flatMap((one) => [one, ...(one.shadowRoot ? within(one.shadowRoot) : [])]);
  const all = within(document);

  const grounds = new Map<Element | null, string>([[null, '']]);
  const groundOf = (element: Element | null): string => {
    const known = grounds.get(element);
    if (known !== undefined || !element) return known ?? '';
    const { backgroundColor, backgroundImage, opacity, filter, mixBlendMode } = getComputedStyle(element);
    const own = [backgroundColor, backgroundImage, opacity, filter, mixBlendMode].join(' ');
    const ground = `${own === 'rgba(0, 0, 0, 0) none 1 none normal' ? '' : `${own}/`}${groundOf(above(element))}`;
    grounds.set(element, ground);
    return ground;
  };
  const drawn = new Set(['IMG', 'CANVAS', 'VIDEO', 'svg', 'PROGRESS', 'METER']);
  const painted = all.flatMap((element) => {
    const box = element.getBoundingClientRect();
    const { backgroundColor, backgroundImage } = getComputedStyle(element);
    const isClear = backgroundColor === 'rgba(0, 0, 0, 0)' && backgroundImage === 'none';
    if (box.width === 0 || box.height === 0 || (isClear && !drawn.has(element.tagName))) return [];
    return [{ element, box, look: `${element.tagName} ${backgroundColor} ${backgroundImage}` }];
  });

  const texts = new Map<string, Set<Element>>();
  for (const holder of all) {
    const isText = (node: Node) => node.nodeType === Node.TEXT_NODE && (node.nodeValue ?? '').trim() !== '';
    if (!['INPUT', 'SELECT', 'TEXTAREA'].includes(holder.tagName) && ![...holder.childNodes].some(isText)) continue;
    const element = standsIn(holder);
    const style = getComputedStyle(element);
    if (element.getClientRects().length === 0 && style.display !== 'contents') continue;
    const holders = new Set<Element>();
    for (let one: Element | null = element; one; one = above(one)) holders.add(one);
    const box = element.getBoundingClientRect();
    const isBeside = (other: DOMRect) =>
      other.left < box.right && other.right > box.left && other.top < box.bottom && other.bottom > box.top;
    const beside = painted.filter((other) => isBeside(other.box) && !holders.has(other.element));
    const look = [
      ...[style.color, style.fontSize, style.fontWeight, style.textShadow, style.webkitTextStroke, style.visibility],
      ...[groundOf(element), [...new Set(beside.map(({ look }) => look))].sort().join('+')],
    ].join('|');
    texts.set(look, (texts.get(look) ?? new Set()).add(element));
  }
  (window as unknown as WithTexts).texts = texts;
  return [...texts.keys()];
}

/** One text of each look, and all the others where axe could not say of the one; gives the looks that passed, and the faults. */
async function judgeTexts(looks: readonly string[]): Promise<{ passed: string[]; faults: Fault[] }> {
  const { axe, texts } = window as unknown as InPage & WithTexts;
  const open = new Map(looks.map((look) => [look, [...(texts.get(look) ?? [])]]));
  const lookOf = new Map([...open].flatMap(([look, elements]) => elements.map((element) => [element, look] as const)));
  const passed: string[] = [];
  const faults: Fault[] = [];
  const judge = async (looked: readonly Element[]) => {
    // What a page that lives has taken away since it was looked at is judged no more.
    const include = looked.filter(({ isConnected }) => isConnected);
    if (include.length === 0) return;
    const { passes, violations } = await axe.run(
      { include },
      {
        ...{ runOnly: ['color-contrast'], resultTypes: ['passes', 'violations'] },
        ...{ selectors: false, elementRef: true },
      },
    );
    const looksOf = (results: typeof passes) =>
      results.flatMap(({ nodes }) => nodes.flatMap(({ element }) => lookOf.get(element as Element) ?? []));
    passed.push(...looksOf(passes));
    for (const look of [...looksOf(passes), ...looksOf(violations)]) open.delete(look);
    for (const { id, nodes } of violations)
      for (const { html, any } of nodes) faults.push({ rule: id, html, message: any[0]?.message ?? '' });
  };
  await judge([...open.values()].flatMap((elements) => elements.slice(0, 1)));
  await judge([...open.values()].flatMap((elements) => elements.slice(1)));
  return { passed, faults };
}

/**
 * By contrast, of all text of the page that does not look like text which passed before.
 * @param passed looks of the theme that the page wears; those that pass now are added
 */
async function contrastFaults(page: Page, passed: Set<string>): Promise<Fault[]> {
  await putIn(page);
  const looks = (await page.evaluate(findTexts)).filter((look) => !passed.has(look));
  if (looks.length === 0) return [];
  const found = await page.evaluate(judgeTexts, looks);
  for (const look of found.passed) passed.add(look);
  return found.faults;
}

/** Looks that passed for contrast, by theme: none at first. */
export const noLooks = (): Readonly<Record<Theme, Set<string>>> => ({
  ...{ dark: new Set(), light: new Set() },
  ...{ 'high contrast': new Set(), 'high contrast light': new Set() },
});

/** By all rules, in the theme that the page wears: those that no colour decides are asked in dark alone. */
export async function faultsInTheme(page: Page, theme: Theme, passed: ReturnType<typeof noLooks>): Promise<string[]> {
  const found = [
    ...(await faultsBesideContrast(page, theme === 'dark' ? null : ['link-in-text-block'])),
    ...(await contrastFaults(page, passed[theme])),
  ];
  return found.map((fault) => `${theme}: ${told(fault)}`);
}
