/** Copies the link of a place, as the editor or as pages in a browser take it. */
import { editorLink, linkPath, type PlaceLink } from '../../trainer/protocol/place.ts';
import type { Host } from '../host.ts';

/** A browser tab offers the editor's form too. Rejects where the clipboard can't be had. */
export function copyLinkOf(host: Host, link: PlaceLink): Promise<void> {
  const forEditor = editorLink(link, host.scheme);
  if (host.place === 'vscode') return host.copy(forEditor, 'Link');
  return host.copy(linkPath(link), 'Link for any page of this project', { what: 'Link for VS Code', text: forEditor });
}
