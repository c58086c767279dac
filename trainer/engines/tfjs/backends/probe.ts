/** Which backends this machine offers, those that `auto` takes first, and how to get the others; starts none. */

import { kernelsPresent } from '../files.ts';
import { preparedWebgpu } from '../setup/fetch-webgpu.ts';
import { preparedNative } from '../setup/native-libraries.ts';

export interface BackendProbe {
  readonly name: 'native GPU' | 'native CPU' | 'wasm' | 'webgpu' | 'cpu';
  readonly available: boolean;
  /** What it is, or what to do to get it. */
  readonly why: string;
}

export function probeBackends(): BackendProbe[] {
  return [
    native(
      true,
      'for an NVIDIA GPU, with CUDA',
      '"video-r1 setup native --gpu" prepares it where there is an NVIDIA GPU with its driver',
    ),
    kernelsPresent()
      ? { name: 'wasm', available: true, why: 'WebAssembly with own kernels' }
      : { name: 'wasm', available: false, why: 'the WebAssembly kernels are missing: install again' },
    native(
      false,
      'by setting only: it trains models from about 256 wide faster than wasm, which writes the answers on it too',
      '"video-r1 setup native" prepares it',
    ),
    webgpu(),
    { name: 'cpu', available: true, why: 'plain JavaScript, slow: for tests, never picked by itself' },
  ];
}

function webgpu(): BackendProbe {
  const prepared = preparedWebgpu();
  const character = 'by setting only; any GPU with Vulkan, Metal or Direct3D 12';
  return prepared === null
    ? { name: 'webgpu', available: false, why: `"video-r1 setup webgpu" prepares it: ${character}` }
    : { name: 'webgpu', available: true, why: `prepared, on ${prepared.gpu}; ${character}` };
}

function native(gpu: boolean, character: string, howToGetIt: string): BackendProbe {
  const name = gpu ? 'native GPU' : 'native CPU';
  const library = preparedNative().find((found) => found.gpu === gpu);
  if (library !== undefined)
    return { name, available: true, why: `TensorFlow ${library.version} is prepared; ${character}` };
  const possible = process.platform === 'linux' && process.arch === 'x64';
  return {
    name,
    available: false,
    why: possible ? howToGetIt : 'it can be prepared on Linux with an x64 processor only',
  };
}
