/** Compiles the AssemblyScript kernels to WebAssembly: `node trainer/engines/tfjs/kernels/build.ts`. */
import { mkdir, rename } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { StudioError } from '../../../protocol/errors.ts';

export const kernelSource = fileURLToPath(new URL('./kernels.as.ts', import.meta.url));
export const kernelFolder = fileURLToPath(new URL('./dist/', import.meta.url));

/** With relaxed SIMD (fused multiply-add) and without; the engine takes the first that Node can run. */
export const kernelVariants = ['kernels.relaxed.wasm', 'kernels.simd.wasm'] as const;
export type KernelVariant = (typeof kernelVariants)[number];

/** Compiles both variants into `kernelFolder`, each written beside and renamed. @throws StudioError `engine-failed` */
export async function buildKernels(): Promise<void> {
  const { default: asc } = await import('assemblyscript/asc');
  await mkdir(kernelFolder, { recursive: true });
  for (const variant of kernelVariants) {
    const unfinished = `${kernelFolder}${variant}.${process.pid}.part`;
    const { error, stderr } = await asc.main([
      kernelSource,
      '--baseDir',
      '/',
      '-o',
      unfinished,
      '--runtime',
      'stub',
      '--importMemory',
      '--noExportMemory',
      '-O3',
      '--noAssert',
      '--enable',
      'simd',
      ...(variant === 'kernels.relaxed.wasm' ? ['--enable', 'relaxed-simd'] : []),
      '--initialMemory',
      '1',
      '--use',
      'abort=',
    ]);
    if (error) {
      throw new StudioError('engine-failed', `The kernels do not compile: ${error.message}\n${stderr.toString()}`, {
        place: kernelSource,
      });
    }
    await rename(unfinished, `${kernelFolder}${variant}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildKernels();
