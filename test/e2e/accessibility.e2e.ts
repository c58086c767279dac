/**
 * Every page in every state that a person can bring about, in every theme and at every width, is without fault for axe.
 * The states are the tables below: a page or a state more is a line more. What a browser without the token gets is plain text,
 * which has nothing that axe could judge.
 */
import path from 'node:path';
import type { Browser, BrowserContext, Locator, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageAddress, placeAddress } from '../../trainer/protocol/discovery.ts';
import { projectName } from '../../trainer/protocol/place.ts';
import { buildWebview } from '../../webview/build.ts';
import { launchBrowser } from '../extension/harness/browser.ts';
import { sampleProject, TrainerProcess } from '../integration/trainer-process.ts';
import { faultsInTheme, noLooks, type Theme, themes, wear } from './axe.ts';
import {
  failedRun,
  hostileAnswer,
  longAnswer,
  madeRun,
  type ProjectToLookAt,
  projectToLookAt,
} from './project-to-look-at.ts';
import { recordedRun } from './recorded-run.ts';
import { firstRun, questions, secondRun } from './two-runs.ts';

const root = path.resolve(import.meta.dirname, '../..');
const sizes = [
  [1400, 900],
  [1000, 760],
  [760, 900],
  [420, 900],
] as const;
/** How long a state may take to come about. */
const reachMs = 20_000;

let project: ProjectToLookAt;
let empty: { folder: string; remove(): Promise<void> };
let trainerOfNone: TrainerProcess;
let browser: Browser;
let context: BrowserContext;
let tab: Page;
/** The connections of the page, which a state may cut or hold up. */
let sockets: WebSocketRoute[] = [];
let isHeldUp = false;
let isRefused = false;
let lookedAt = 0;

/** Brings the state about, and gives what is in sight only there. */
type Reach = () => Promise<Locator>;
type State = readonly [name: string, reach: Reach];

const key = async (...keys: string[]) => {
  for (const one of keys) await tab.keyboard.press(one);
};
const dialog = (name: string) => tab.getByRole('dialog', { name, exact: true });
const part = (name: string) => tab.locator(`[data-part=${name}]`).first();
const pane = (name: string) => tab.locator(`[data-pane=${name}]`);

const known = { dashboard: 'state', rollouts: 'problem', audit: 'families' } as const;

async function open(page: keyof typeof known, run: string, place = ''): Promise<void> {
  await tab.goto(`${pageAddress(project.trainer.discovery, page)}&run=${run}${place}`);
  await tab.locator(`[data-part=${known[page]}]`).first().waitFor({ state: 'attached' });
}

async function rollout(id = longAnswer, run = madeRun): Promise<void> {
  await open('rollouts', run, `&rollout=${id}`);
  await tab.locator(`[data-part=think]`).waitFor({ state: 'attached' });
}

/** A state of the rollout that keys bring about. */
const byKeys =
  (keys: readonly string[], shown: () => Locator, id?: string, run?: string): Reach =>
  async () => {
    await rollout(id, run);
    await key(...keys);
    return shown();
  };

async function listShown(): Promise<void> {
  if (!(await pane('list').isVisible())) await key('l');
  await pane('list').waitFor();
}

const filtered =
  (line: string, shown: () => Locator): Reach =>
  async () => {
    await rollout();
    await key('/');
    await tab.locator('#rollout-filter').fill(line);
    return shown();
  };

const shaded =
  (shade: string): Reach =>
  async () => {
    await rollout();
    await key('Enter');
    await tab.getByRole('button', { name: shade, exact: true }).click();
    return tab.locator('[data-part=think] [data-token]').first();
  };

async function exporting(): Promise<Locator> {
  await rollout();
  await listShown();
  await key('E');
  return dialog('Export');
}

const before: readonly State[] = [
  [
    'a project without a run',
    async () => {
      await tab.goto(pageAddress(trainerOfNone.discovery, 'dashboard'));
      return tab.getByText('There is no run in');
    },
  ],
  [
    'no trainer from the beginning',
    async () => {
      isRefused = true;
      await tab.goto(pageAddress(project.trainer.discovery, 'dashboard'));
      return tab.getByText(/connection to the trainer is lost|trainer is gone/).first();
    },
  ],
];

const rollouts: readonly State[] = [
  [
    'the list',
    async () => {
      await rollout();
      await listShown();
      return tab.locator('[id^=row-][aria-selected=true]');
    },
  ],
  ['the group', byKeys(['g'], () => pane('group'))],
  ['the rollout', byKeys(['Enter'], () => part('think'))],
  ['both strips', byKeys(['Enter', 's', 's'], () => tab.getByRole('listbox', { name: 'Frames in order' }))],
  ['the exact text', byKeys(['Enter', 'o'], () => part('exact-text'))],
  ['probabilities', shaded('Probability')],
  ['entropy', shaded('Entropy')],
  ['KL', shaded('KL')],
  ['mismatch', shaded('Mismatch')],
  ['the numbers of a token', byKeys(['Enter', 'p', ']'], () => tab.getByRole('tooltip'))],
  ['the form of a flag', byKeys(['Enter', 'x'], () => tab.getByRole('form', { name: 'Flag' }))],
  ['a flag', byKeys(['Enter'], () => tab.locator('[data-part=think] [data-flagged]').first())],
  ['the keys', byKeys(['?'], () => dialog('Keys'))],
  ['the columns', byKeys(['C'], () => dialog('Columns and order'))],
  ['going to a step', byKeys(['G'], () => dialog('Go to'))],
  ['saved filters', byKeys(['F'], () => dialog('Saved filters'))],
  [
    'a filter that can be saved',
    async () => {
      await filtered('half:ordered', () => part('think'))();
      await tab.locator('#rollout-filter').blur();
      await key('F');
      return tab.getByRole('textbox', { name: 'Name for the filter' });
    },
  ],
  ['what if', byKeys(['i'], () => part('what-if'))],
  ['the export', exporting],
  [
    'the result of an export',
    async () => {
      await exporting();
      await dialog('Export').getByText('JSONL', { exact: true }).click();
      return tab.getByRole('status').filter({ hasText: 'exported.' }).first();
    },
  ],
  ['a filter with a fault', filtered('ordr:shuffled', () => pane('list').getByRole('alert'))],
  ['what can stand in the filter', filtered('ord', () => tab.getByRole('listbox', { name: 'What can stand here' }))],
  ['nothing left', filtered('step:999 half:ordered', () => pane('list').getByText('Drop').first())],
  [
    'an answer that is not in the filter',
    async () => {
      await open('rollouts', madeRun, `&rollout=${longAnswer}&query=half%3Ashuffled`);
      await part('think').waitFor({ state: 'attached' });
      await key('Enter');
      return tab.getByText('not in the filter');
    },
  ],
  [
    'a slow reading',
    async () => {
      await rollout();
      await listShown();
      isHeldUp = true;
      await tab.locator('#rollout-filter').fill('square');
      return tab.getByRole('progressbar', { name: 'Reading rollouts' });
    },
  ],
  [
    'the trainer gone',
    async () => {
      await rollout();
      isRefused = true;
      for (const socket of sockets) await socket.close();
      return tab.getByText(/connection to the trainer is lost|trainer is gone/).first();
    },
  ],
  ['answers that older rules read', byKeys(['Enter'], () => part('analyse'), 's1-3-o0', recordedRun)],
  ['a hostile answer', byKeys(['Enter'], () => part('think'), hostileAnswer)],
  ['ask again', byKeys(['Enter', 'e'], () => tab.getByText('Experiments.'), longAnswer)],
  ['ask again, with answers', byKeys(['Enter', 'e'], () => tab.getByText('Experiments.'), hostileAnswer)],
  ['ask again, and the difference', byKeys(['Enter', 'e', 'v'], () => tab.getByText('Experiments.'), hostileAnswer)],
  [
    'ask again, with changes that make no sense',
    async () => {
      await byKeys(['Enter', 'e'], () => tab.locator('body'), hostileAnswer)();
      await tab.getByRole('textbox', { name: 'Text that is given' }).fill('Wait.');
      await tab.getByRole('textbox', { name: 'temperature' }).fill('hot');
      return tab.getByText('Experiments.');
    },
  ],
  ['a hostile answer, exactly', byKeys(['Enter', 'o'], () => part('exact-text'), hostileAnswer)],
  [
    'a link to what is not there',
    async () => {
      await open('rollouts', madeRun, '&rollout=s99-g7-o0');
      return tab.getByText('There is no rollout s99-g7-o0').first();
    },
  ],
];

const acrossFrom =
  (id: string, keys: readonly string[], shown: () => Locator): Reach =>
  async () => {
    await rollout(id, firstRun);
    await key('t');
    await tab.locator('[data-pane=timeline]').waitFor({ state: 'attached' });
    await key(...keys);
    return shown();
  };

const across: readonly State[] = [
  ['the history', acrossFrom('s5-1-o0', [], () => pane('timeline'))],
  ['the questions', acrossFrom('s5-1-o0', ['/'], () => dialog('Questions of the run').getByRole('option').first())],
  ['two answers', acrossFrom('s5-1-o0', [], () => part('diff'))],
  ['two answers in one', acrossFrom('s5-1-o0', ['v'], () => part('diff').locator('ins').first())],
  ['two hostile answers', acrossFrom('hostile-1-o0', [], () => part('diff').locator('ins').first())],
  [
    'a question that came up once',
    async () => {
      await acrossFrom('s5-1-o0', ['/'], () => tab.locator('body'))();
      await dialog('Questions of the run').getByRole('option').filter({ hasText: questions.triangle.problem }).click();
      return tab.getByText('Came up once');
    },
  ],
];

const comparing =
  (runId: string, act: () => Promise<void>, shown: () => Locator): Reach =>
  async () => {
    const place = { page: 'compare', runId, againstRunId: secondRun } as const;
    await tab.goto(placeAddress(project.trainer.discovery, { project: projectName(project.folder), place }));
    await act();
    return shown();
  };
const asIs = async () => {};
const evaluations = () => tab.getByRole('button', { name: 'Evaluations' }).click();

const compare: readonly State[] = [
  ['the shared questions', comparing(firstRun, asIs, () => part('means'))],
  ['two evaluations', comparing(firstRun, evaluations, () => part('transitions'))],
  ['no question in common', comparing(madeRun, asIs, () => tab.getByText('No question came up in'))],
];

const auditOf = (shown: () => Locator, act: () => Promise<void> = asIs) =>
  (async () => {
    await open('audit', madeRun);
    await act();
    return shown();
  }) satisfies Reach;
const families = () => part('families').getByRole('button', { name: 'direction' });

const audit: readonly State[] = [
  ['by family', auditOf(families)],
  [
    'a question',
    auditOf(
      () => part('questions').getByRole('table'),
      async () => {
        await families().click();
        await part('questions').getByRole('button').first().click();
      },
    ),
  ],
];

const figure = () => tab.locator('figure').first();
const dashboardOf =
  (run: () => string, shown: () => Locator): Reach =>
  async () => {
    await open('dashboard', run());
    return shown();
  };
const paused = () => project.runs.tgrpo;

const dashboard: readonly State[] = [
  ['of SFT', dashboardOf(() => project.runs.sft, figure)],
  [
    'of a run that has not begun',
    dashboardOf(
      () => project.runs.created,
      () => tab.getByText('This run has not begun.'),
    ),
  ],
  [
    'of a failed run',
    dashboardOf(
      () => failedRun,
      () => tab.getByText('The loss is not a finite number.').first(),
    ),
  ],
  ['of T-GRPO, paused', dashboardOf(paused, () => part('state').filter({ hasText: 'Paused' }))],
  [
    'with answers that older rules read',
    dashboardOf(
      () => recordedRun,
      () => part('analyse'),
    ),
  ],
  [
    'how aha moments are found',
    async () => {
      await open('dashboard', recordedRun);
      await tab.getByRole('button', { name: 'How aha moments are found' }).click();
      return dialog('How aha moments are found').getByText('25 of 25').first();
    },
  ],
  [
    'the formula of a number',
    async () => {
      await open('dashboard', paused());
      await figure().waitFor();
      await tab.locator('figure button[data-formula]:visible').first().hover();
      return tab.getByRole('tooltip');
    },
  ],
  [
    'the keys',
    async () => {
      await open('dashboard', paused());
      await key('?');
      return dialog('Keys');
    },
  ],
  [
    'a control that is refused',
    async () => {
      await open('dashboard', paused());
      await key('F6');
      return tab.getByText('the run is paused already');
    },
  ],
  [
    'a value that is refused',
    async () => {
      await open('dashboard', paused());
      const field = tab.getByRole('textbox', { name: 'top-p' });
      await field.fill('7');
      await field.press('Enter');
      return tab.locator('vscode-text-field[aria-invalid=true]');
    },
  ],
  [
    'a command that waits',
    async () => {
      await open('dashboard', paused());
      const field = tab.getByRole('textbox', { name: 'learning rate' });
      await field.fill('7e-4');
      await field.press('Enter');
      return tab.locator('tr', { hasText: 'set learning rate' }).first();
    },
  ],
  [
    'the trainer gone',
    async () => {
      await open('dashboard', paused());
      isRefused = true;
      for (const socket of sockets) await socket.close();
      return tab.getByText(/connection to the trainer is lost|trainer is gone/).first();
    },
  ],
  [
    'of a run that trains',
    async () => {
      await open('dashboard', paused());
      if (await part('state').filter({ hasText: 'Paused' }).isVisible()) await key('F5');
      return part('state').filter({ hasText: 'Running' });
    },
  ],
];

const tables = { before, rollouts, across, compare, audit, dashboard } as const;

beforeAll(async () => {
  await buildWebview({ outdir: path.join(root, 'dist', 'webview'), minify: true });
  project = await projectToLookAt();
  empty = await sampleProject();
  trainerOfNone = await TrainerProcess.start(empty.folder);
  browser = await launchBrowser();
  context = await browser.newContext({ acceptDownloads: true, reducedMotion: 'reduce' });
  tab = await context.newPage();
  await tab.routeWebSocket(/./, (socket) => {
    if (isRefused) {
      void socket.close();
      return;
    }
    sockets.push(socket);
    const server = socket.connectToServer();
    server.onMessage((message) => {
      if (!isHeldUp) socket.send(message);
    });
  });
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await trainerOfNone?.stop();
  await empty?.remove();
  await project?.remove();
  console.log(`${lookedAt} combinations of state, theme and width were looked at`);
});

/** What passed in any state and at any width. */
const passed = noLooks();

/** What colours decide, in each theme; all other rules once. */
async function faults(): Promise<string[]> {
  const found: string[] = [];
  const colours = new Set<string>();
  for (const theme of Object.keys(themes) as Theme[]) {
    colours.add(await wear(tab, theme));
    found.push(...(await faultsInTheme(tab, theme, passed)));
    expect(await tab.locator('body').getAttribute('class')).toBe(`browser ${themes[theme]}`);
    lookedAt += 1;
  }
  expect(colours.size, 'themes that look different').toBe(Object.keys(themes).length);
  return found;
}

/** Without a reload where the state outlives the change of width, else brought about anew. */
async function atWidth(size: (typeof sizes)[number], shown: Locator | null, reach: Reach): Promise<Locator> {
  await tab.setViewportSize({ width: size[0], height: size[1] });
  if (shown) {
    await tab.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
    if (await shown.isVisible()) return shown;
  }
  sockets = [];
  isHeldUp = false;
  isRefused = false;
  const locator = await reach();
  await locator.waitFor({ timeout: reachMs });
  return locator;
}

describe.each(Object.entries(tables))('%s', (_page, states) => {
  it.each(states)('%s', async (_name, reach) => {
    const found: string[] = [];
    let shown: Locator | null = null;
    for (const size of sizes) {
      shown = await atWidth(size, shown, reach);
      for (const fault of await faults()) found.push(`${size[0]} px, ${fault}`);
    }
    expect(found).toEqual([]);
  });
});
