/** The webview panels: at most one of each kind, restored after a reload, each with a socket of its own to the trainer. */
import * as vscode from 'vscode';
import { panelOf } from '../../trainer/protocol/pages.ts';
import { panels } from '../contributions.ts';
import type { Studio } from '../studio.ts';
import type { PagePanel, Pointing } from './page-panel.ts';

type PanelPage = keyof typeof panels;
const titles: Record<PanelPage, string> = { dashboard: 'Video-R1 Dashboard', rollouts: 'Video-R1 Rollouts' };

const open = new WeakMap<Studio, PagePanels>();

export function pagePanels(studio: Studio): PagePanels {
  const known = open.get(studio) ?? new PagePanels(studio);
  open.set(studio, known);
  return known;
}

export class PagePanels {
  private readonly studio: Studio;
  private readonly panels = new Map<
    PanelPage,
    { readonly panel: vscode.WebviewPanel; readonly content: Promise<PagePanel> }
  >();

  constructor(studio: Studio) {
    this.studio = studio;
  }

  /** Opens the page, or brings it to the front, and shows what is asked for. */
  show(show: Pointing): void {
    const page = panelOf(show.page);
    const present = this.panels.get(page);
    if (present) {
      present.panel.reveal();
      void this.studio.trainerAsked();
      void present.content.then((content) => content.show(show));
      return;
    }
    const behind = tabOf(page);
    const column = behind?.group.viewColumn ?? vscode.ViewColumn.Active;
    const panel = vscode.window.createWebviewPanel(panels[page], titles[page], column, {
      enableScripts: true,
      localResourceRoots: [this.assets],
      enableFindWidget: true,
    });
    void this.adopt(page, panel).then((content) => content.show(show));
    if (behind) void vscode.window.tabGroups.close(behind);
  }

  /** Fills a panel that was just made, or that VS Code restored. */
  adopt(page: PanelPage, panel: vscode.WebviewPanel): Promise<PagePanel> {
    const icon = (theme: string) => vscode.Uri.joinPath(this.studio.context.extensionUri, 'media', `icon-${theme}.svg`);
    panel.iconPath = { light: icon('light'), dark: icon('dark') };
    panel.webview.options = { enableScripts: true, localResourceRoots: [this.assets] };
    const content = import('./page-panel.ts').then(
      ({ PagePanel: Content }) => new Content(this.studio, page, panel, this.assets, (place) => this.show(place)),
    );
    this.panels.set(page, { panel, content });
    panel.onDidDispose(() => {
      if (this.panels.get(page)?.panel === panel) this.panels.delete(page);
      void content.then((held) => held.dispose());
    });
    return content;
  }

  /** Whether a page with this run in it can be seen. */
  async hasInSight(runId: string): Promise<boolean> {
    const contents = await Promise.all([...this.panels.values()].map(({ content }) => content));
    return contents.some((content) => content.hasInSight(runId));
  }

  private get assets(): vscode.Uri {
    return vscode.Uri.joinPath(this.studio.context.extensionUri, 'dist', 'webview');
  }
}

/**
 * The tab of a page without a panel: after a reload of the window VS Code restores one that lies behind others only when it
 * is looked at, and can't be told to.
 */
function tabOf(page: PanelPage): vscode.Tab | undefined {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .find(({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(`-${panels[page]}`));
}

/** Restores panels after a reload of the window; what a page showed comes back by its own saved state. */
export function registerSerializers(studio: Studio): vscode.Disposable {
  return vscode.Disposable.from(
    ...(Object.keys(panels) as PanelPage[]).map((page) =>
      vscode.window.registerWebviewPanelSerializer(panels[page], {
        async deserializeWebviewPanel(panel) {
          await pagePanels(studio).adopt(page, panel);
        },
      }),
    ),
  );
}
