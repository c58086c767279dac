/** What the build must do for the engines: compile kernels, bundle their programs, and lay the files beside the bundle that they read. */
import { globSync } from 'node:fs';
import { copyFile, cp, mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildKernels, kernelFolder, kernelSource, kernelVariants } from './tfjs/kernels/build.ts';
import { bundledFolder } from './verl/files.ts';

const fileOf = (place: string) => fileURLToPath(new URL(place, import.meta.url));
const require = createRequire(import.meta.url);

/** Compiled beside their source, where the source tree finds them. */
export const engineKernels = {
  sources: [kernelSource, fileOf('./tfjs/kernels/build.ts')],
  outputs: kernelVariants.map((variant) => path.join(kernelFolder, variant)),
  make: buildKernels,
};

/** Programs and threads that an engine starts, by the name of their bundle. */
export const enginePrograms = {
  worker: fileOf('./tfjs/worker.ts'),
  'probe-native': fileOf('./tfjs/backends/probe-native.ts'),
  'probe-webgpu': fileOf('./tfjs/backends/probe-webgpu.ts'),
};

/** tfjs finds its binary beside the bundle: only the SIMD one is used. */
export const engineBinary = 'tfjs-backend-wasm-simd.wasm';

/** Copies what is no program into the folder of the bundle. The kernels must have been made. */
export async function copyEngineFiles(outdir: string): Promise<void> {
  const wasm = require.resolve(`@tensorflow/tfjs-backend-wasm/dist/${engineBinary}`);
  await copyFile(wasm, path.join(outdir, engineBinary));
  // The native backend's addon is compiled on the user's machine, on request.
  const addon = path.join(path.dirname(require.resolve('@tensorflow/tfjs-node-gpu/package.json')), 'binding');
  await cp(addon, path.join(outdir, 'addon'), { recursive: true });
  await mkdir(path.join(outdir, 'kernels'), { recursive: true });
  for (const kernel of engineKernels.outputs)
    await copyFile(kernel, path.join(outdir, 'kernels', path.basename(kernel)));
  await copyVerlFiles(path.join(outdir, bundledFolder));
}

/** The gateway's Python, and what its environment is made of. */
async function copyVerlFiles(folder: string): Promise<void> {
  const verl = fileOf('./verl');
  const files = globSync(['gateway/**/*.py', 'setup/*.txt'], { cwd: verl });
  for (const file of files) {
    await mkdir(path.join(folder, path.dirname(file)), { recursive: true });
    await copyFile(path.join(verl, file), path.join(folder, file));
  }
}
