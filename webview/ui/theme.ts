/**
 * Themes: in VS Code the editor's variables are there; in a browser tab the body's class picks one of our own sets.
 * Canvases ask here for colours and are told when they change.
 */
import { Store } from './store.ts';

export const themeChoices = ['system', 'dark', 'light', 'high contrast'] as const;
export type ThemeChoice = (typeof themeChoices)[number];

/** Counts changes of theme; what paints on canvases watches it. */
export const themeTurn = new Store(0);

/** Colours by meaning, each by the variable that has it. */
const variables = {
  foreground: '--fg',
  dim: '--dim',
  line: '--grid',
  ordered: '--ordered',
  shuffled: '--shuffled',
  temporal: '--temporal',
  right: '--right',
  wrong: '--wrong',
  plain: '--bar',
  aha: '--aha',
  band: '--track',
  now: '--warn',
  ground: '--bg',
} as const;

/** Resolved to what a canvas takes. */
export type CanvasColours = Readonly<Record<keyof typeof variables, string>>;
export const canvasColourNames = Object.keys(variables) as (keyof CanvasColours)[];

let colours: { turn: number; value: CanvasColours } | null = null;

export function canvasColours(): CanvasColours {
  const turn = themeTurn.get();
  if (colours?.turn === turn) return colours.value;
  const probe = document.createElement('span');
  probe.hidden = true;
  // Forced colours turn every text colour into one, which would fill the canvas with it.
  probe.style.setProperty('forced-color-adjust', 'none');
  document.body.append(probe);
  const resolve = (variable: string) => {
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const value = Object.fromEntries(
    canvasColourNames.map((name) => [name, resolve(variables[name])]),
  ) as unknown as CanvasColours;
  probe.remove();
  colours = { turn, value };
  return value;
}

export function themeChanged(): void {
  themeTurn.update((turn) => turn + 1);
}

const classes: Readonly<Record<Exclude<ThemeChoice, 'system'> | 'high contrast light', string>> = {
  dark: 'vscode-dark',
  light: 'vscode-light',
  'high contrast': 'vscode-high-contrast',
  'high contrast light': 'vscode-high-contrast vscode-high-contrast-light',
};
const choiceKey = 'video-r1-theme';

export function chosenTheme(): ThemeChoice {
  const held = localStorage.getItem(choiceKey);
  return themeChoices.find((choice) => choice === held) ?? 'system';
}

export function chooseTheme(choice: ThemeChoice): void {
  localStorage.setItem(choiceKey, choice);
  applyTheme();
}

function applyTheme(): void {
  const choice = chosenTheme();
  const light = matchMedia('(prefers-color-scheme: light)').matches;
  const contrast = matchMedia('(prefers-contrast: more)').matches;
  const system = contrast ? (light ? 'high contrast light' : 'high contrast') : light ? 'light' : 'dark';
  document.body.className = `browser ${classes[choice === 'system' ? system : choice]}`;
}

/** Follows the theme from now on; in a browser tab it also sets it. */
export function followTheme(place: 'vscode' | 'browser'): void {
  new MutationObserver(themeChanged).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ['class', 'style'],
  });
  new MutationObserver(themeChanged).observe(document.body, { attributes: true, attributeFilter: ['class'] });
  if (place === 'browser') {
    applyTheme();
    for (const query of ['(prefers-color-scheme: light)', '(prefers-contrast: more)']) {
      matchMedia(query).addEventListener('change', applyTheme);
    }
  }
}
