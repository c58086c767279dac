/** Which backends this machine offers, in the order in which `auto` takes them; starts none. */

import { kernelsPresent } from './files.ts';
import { preparedNative } from './native-libraries.ts';

export interface BackendProbe {
  readonly name: 'native GPU' | 'native CPU' | 'wasm' | 'cpu';
  readonly available: boolean;
  /** What it is, or what to do to get it. */
  readonly why: string;
}

export function probeBackends(): BackendProbe[] {
  const libraries = preparedNative();
  const native = (gpu: boolean): BackendProbe => {
    const name = gpu ? 'native GPU' : 'native CPU';
    const library = libraries.find((found) => found.gpu === gpu);
    if (library !== undefined) return { name, available: true, why: `TensorFlow ${library.version} is prepared` };
    if (process.platform !== 'linux' || process.arch !== 'x64')
      return { name, available: false, why: 'it can be prepared on Linux with an x64 processor only' };
    const command = `"video-r1 setup native${gpu ? ' --gpu' : ''}" prepares it`;
    return { name, available: false, why: gpu ? `${command}, where there is an NVIDIA GPU with its driver` : command };
  };
  return [
    native(true),
    native(false),
    kernelsPresent()
      ? { name: 'wasm', available: true, why: 'WebAssembly with own kernels' }
      : { name: 'wasm', available: false, why: 'the WebAssembly kernels are missing: install again' },
    { name: 'cpu', available: true, why: 'plain JavaScript, slow: for tests, never picked by itself' },
  ];
}
