/** What the build must do for pictures: lay ImageMagick's WebAssembly beside the bundle, with the notices that its licences want. */
import { copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { magickBinary } from './magick.ts';

/** Names in the folder of the bundle. */
export const pictureFiles = [magickBinary, 'magick.LICENSE.txt', 'magick.NOTICE.txt'] as const;

/** @param outdir folder of the bundle */
export async function copyPictureFiles(outdir: string): Promise<void> {
  const binary = createRequire(import.meta.url).resolve('@imagemagick/magick-wasm/magick.wasm');
  const library = path.resolve(path.dirname(binary), '..', '..');
  const sources = [binary, path.join(library, 'LICENSE'), path.join(library, 'NOTICE')];
  for (const [i, name] of pictureFiles.entries()) await copyFile(sources[i] as string, path.join(outdir, name));
}
