/**
 * Takes the pictures of the README and the guide: `node test/extension/pictures.ts PROJECT [CLIPS]`, where PROJECT is a folder in which
 * `npm start` has run, and CLIPS one with real clips and their questions (clip-project.ts says in which form). Packages the
 * extension, installs it in VS Code windows, on a copy of the project and on a project that it makes and trains from the
 * clips, and writes media/*.png and media/guide/*.png as those windows show them.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { trainOnClip } from './clip-project.ts';
import { DashboardPage, RolloutsPage } from './harness/pages.ts';
import { root } from './harness/vscode-server.ts';
import { Workbench } from './harness/workbench.ts';
import { annotator, labelForPictures, labelledDataset } from './picture-labels.ts';

const [project, clips] = process.argv.slice(2);
if (!project) {
  process.stderr.write('node test/extension/pictures.ts PROJECT [CLIPS]\n');
  process.exit(2);
}

/** In pixels. The README shows a picture about 900 wide: at these sizes its words can still be read there. */
const large = { width: 1200, height: 860 };
/** The rollouts in two columns, which gives the frames the most room. */
const small = { width: 1080, height: 760 };

const home = realpathSync(mkdtempSync(path.join(tmpdir(), 'video-r1-pictures-')));
try {
  const vsix = path.join(home, 'video-r1-studio.vsix');
  const windows = process.platform === 'win32';
  execFileSync(windows ? 'npm.cmd' : 'npm', ['run', 'package', '--', '--out', vsix], {
    cwd: root,
    stdio: 'inherit',
    shell: windows,
  });
  const sample = path.join(home, 'sample');
  cpSync(project, sample, { recursive: true });
  await inWindow(vsix, sample, async (window) => {
    await pictureOfDashboard(window);
    const rollouts = await openRollouts(window);
    await pictureOfRollouts(window, rollouts);
    await pictureOfAcross(window, rollouts);
  });
  const labelled = path.join(home, 'labelled');
  cpSync(project, labelled, { recursive: true });
  rmSync(path.join(labelled, '.video-r1', 'annotations'), { recursive: true, force: true });
  await labelForPictures(labelled);
  await inWindow(vsix, labelled, async (window) => {
    await pictureOfQueue(window);
    await pictureOfDataset(window);
  });
  if (clips) {
    const folder = path.join(home, 'clip');
    const minutes = await trainOnClip(clips, folder);
    console.log(`The project on the clip was trained in ${minutes.toFixed(1)} min.`);
    await inWindow(vsix, folder, async (window) => pictureOfClip(window, await openRollouts(window)));
  }
} finally {
  rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Opens a window on a project, with a trainer at work and its T-GRPO run in front. */
async function inWindow(vsix: string, folder: string, look: (window: Workbench) => Promise<void>): Promise<void> {
  const window = await Workbench.open({
    vsix,
    folder,
    theme: 'Dark Modern',
    settings: {
      'workbench.reduceMotion': 'on',
      'videoR1.author': annotator,
      'window.title': ['activeEditorShort', 'rootName'].map((part) => `\${${part}}`).join(' - '),
    },
  });
  try {
    await window.page.setViewportSize(large);
    await window.openView();
    await window.run('Video-R1: Attach to Trainer');
    await window.pressNotificationButton('No trainer is at work', 'Start Trainer');
    await window.treeRow(/^\s*tgrpo-1\s*T-GRPO \d+\//).click();
    await hideSideBar(window);
    await look(window);
  } catch (failure) {
    await window.picture('pictures');
    throw failure;
  } finally {
    await window.close();
  }
}

/** Again where the trainer's start brings it back. */
async function hideSideBar(window: Workbench): Promise<void> {
  await window.statusBarItem('Attached to').waitFor({ state: 'hidden' });
  await window.run('View: Close Primary Side Bar');
  await window.sidebar.waitFor({ state: 'hidden' });
}

async function picture(window: Workbench, name: string): Promise<void> {
  await window.run('Notifications: Clear All Notifications');
  await window.statusBarItem('Attached to').waitFor({ state: 'hidden' });
  const { width, height } = window.page.viewportSize() ?? large;
  await window.page.mouse.move(width / 2, height - 5);
  await window.page.screenshot({ path: path.join(root, 'media', name) });
}

async function pictureOfDashboard(window: Workbench): Promise<void> {
  await window.run('Video-R1: Open Dashboard');
  const dashboard = new DashboardPage(window);
  await dashboard.open('tgrpo');
  await dashboard.waitForCurve('Accuracy reward', 1);
  await picture(window, 'dashboard.png');
}

async function openRollouts(window: Workbench): Promise<RolloutsPage> {
  await window.run('Video-R1: Open Rollouts');
  const rollouts = new RolloutsPage(window);
  await rollouts.open();
  return rollouts;
}

/** Filters the list and opens its first rollout. */
async function openFirst(window: Workbench, rollouts: RolloutsPage, line: string): Promise<void> {
  const all = await rollouts.count();
  await rollouts.filter(line);
  await window.until(async () => (await rollouts.count()) !== all, 'the filter');
  await rollouts.rows.first().click();
  await rollouts.rows.first().and(rollouts.opened).waitFor();
  await rollouts.strips.first().locator('canvas').last().waitFor();
}

/** Right answers that were paid for the order of the frames, beside wrong ones. */
async function pictureOfRollouts(window: Workbench, rollouts: RolloutsPage): Promise<void> {
  await openFirst(window, rollouts, 'purpose:train half:ordered paid:true p:0.3..0.8 left');
  await rollouts.strips.nth(1).locator('canvas').last().waitFor();
  await rollouts.countedChips.first().waitFor();
  await picture(window, 'rollouts.png');
}

/** The question of the open rollout through training. */
async function pictureOfAcross(window: Workbench, rollouts: RolloutsPage): Promise<void> {
  await window.page.keyboard.press('t');
  await rollouts.across.waitFor();
  await picture(window, 'across.png');
}

/** An answer that its reasoning contradicts: a passage that was flagged, one that a detector suggests, and how far people agree. */
async function pictureOfQueue(window: Workbench): Promise<void> {
  await window.run('Video-R1: Review Rollouts');
  const queue = window.webview();
  await queue.getByRole('combobox', { name: 'Which items' }).selectOption('informative');
  await queue.getByRole('heading', { name: 'Item 1', exact: true }).click();
  await queue.locator('[data-suggested]').first().waitFor();
  await window.page.keyboard.press('v');
  await queue.getByRole('form', { name: 'Flag' }).and(queue.locator(':focus')).waitFor();
  for (const key of ['2', 'Enter']) await window.page.keyboard.press(key);
  await queue.locator('[data-flagged]').first().waitFor();
  await window.page.keyboard.press('D');
  await queue.getByRole('region', { name: 'Agreement' }).waitFor();
  await queue.getByText('Flagged;').waitFor({ state: 'hidden' });
  await picture(window, 'guide/queue.png');
}

/** A row of the dataset on which two people differ. */
async function pictureOfDataset(window: Workbench): Promise<void> {
  await window.run('View: Close All Editors');
  await window.page.keyboard.press('Control+P');
  await window.type(labelledDataset);
  await window.pick(path.basename(labelledDataset));
  await window.page.locator('.editor-actions').getByRole('button', { name: 'Open as Dataset' }).click();
  const editor = window.webview();
  await editor.getByRole('listbox').getByRole('option').nth(5).click({ timeout: 60_000 });
  await editor.getByRole('heading', { name: 'Row 6', exact: true }).waitFor();
  await editor.getByRole('img', { name: /frames? of/ }).waitFor({ timeout: 60_000 });
  await editor.getByRole('region', { name: 'Agreement' }).waitFor();
  await picture(window, 'guide/dataset.png');
}

async function pictureOfClip(window: Workbench, rollouts: RolloutsPage): Promise<void> {
  await window.page.setViewportSize(small);
  await openFirst(window, rollouts, 'purpose:train half:ordered type:choice flat:false stands');
  await picture(window, 'clip.png');
}
