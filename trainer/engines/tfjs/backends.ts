/** Which backends this machine offers, for `doctor` and settings; starts none. */

import { kernelsPresent } from './files.ts';
import { preparedNative } from './native.ts';

export interface BackendProbe {
  readonly name: 'native' | 'wasm' | 'cpu';
  readonly available: boolean;
  readonly why: string;
}

export async function probeBackends(): Promise<BackendProbe[]> {
  const [library] = preparedNative();
  return [
    library === undefined
      ? { name: 'native', available: false, why: 'no native TensorFlow is prepared on this machine' }
      : {
          name: 'native',
          available: true,
          why: `TensorFlow ${library.version} is prepared, on ${library.gpu ? 'a GPU' : 'the CPU'}`,
        },
    kernelsPresent()
      ? { name: 'wasm', available: true, why: 'WebAssembly with own kernels' }
      : { name: 'wasm', available: false, why: 'the WebAssembly kernels are missing: install again' },
    { name: 'cpu', available: true, why: 'plain JavaScript, slow: for tests' },
  ];
}
