/** The page's document inside a webview: the built template with nonce, page name and addresses put in, under a strict policy. */
import { randomBytes } from 'node:crypto';

export interface PageHtml {
  /** The template `dist/webview/page.html`. */
  readonly template: string;
  readonly page: string;
  /** Address of the folder of scripts and styles, as the webview reaches it. */
  readonly assets: string;
  /** Source of the webview's own resources, for the policy. */
  readonly source: string;
  readonly nonce: string;
}

export function makeNonce(): string {
  return randomBytes(16).toString('base64url');
}

/**
 * Scripts run by nonce only; styles, fonts and images come from the extension's own folder, style elements that the toolkit
 * adds carry the nonce, and images may be blobs too (frames are drawn in the page). Nothing is fetched, nothing framed.
 */
export function contentPolicy({ source, nonce }: Pick<PageHtml, 'source' | 'nonce'>): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src ${source} 'nonce-${nonce}'`,
    `font-src ${source}`,
    `img-src ${source} blob: data:`,
    "form-action 'none'",
    "base-uri 'none'",
  ].join('; ');
}

export function pageHtml(parts: PageHtml): string {
  const filled = parts.template
    .replaceAll('{{nonce}}', parts.nonce)
    .replaceAll('{{page}}', parts.page)
    .replaceAll('{{assets}}', parts.assets);
  const policy = `<meta http-equiv="Content-Security-Policy" content="${contentPolicy(parts)}">`;
  // First in the head: a policy governs only what follows it.
  return filled.replace(/<head[^>]*>/i, (head) => `${head}\n${policy}`);
}
