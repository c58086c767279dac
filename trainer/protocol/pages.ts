/** The pages that there are. Loads nothing, so that the editor can know them before it needs them. */

export const webviewPages = ['dashboard', 'rollouts', 'across', 'compare', 'review', 'audit'] as const;
export type WebviewPage = (typeof webviewPages)[number];

/** The panel of the editor that shows a page: what answers lead to is shown in theirs, and leads back there. */
export const panelOf = (page: WebviewPage): 'dashboard' | 'rollouts' => (page === 'dashboard' ? page : 'rollouts');
