/** The Python environments that the engine verl is run with: what each is made of, and what is said before it is fetched. */

export const environmentKinds = ['cpu', 'cuda'] as const;
/** `cuda` has vLLM, and runs on NVIDIA's GPUs. */
export type EnvironmentKind = (typeof environmentKinds)[number];

export interface EnvironmentInfo {
  readonly note: string;
  /** Bytes that stay on the disk, and those that pip keeps beside them while it fetches. */
  readonly diskBytes: number;
  readonly fetchBytes: number;
}

const common =
  "A virtual environment in your cache folder: this machine's Python (3.10 to 3.12) makes it, its pip fills it from the index " +
  'that your own pip is set to, with the versions that are pinned; your other environments stay as they are.';

export const verlEnvironmentInfo: Readonly<Record<EnvironmentKind, EnvironmentInfo>> = {
  cpu: {
    note:
      `${common}\nFor the CPU: PyTorch 2.13.0 (BSD licence), verl 0.9.1, transformers 5.10.4, Ray 2.60.0, peft 0.21.2 (Apache License 2.0) and ` +
      "what they need, under licences of these kinds: 0.6 GB to fetch, 1.9 GB on disk, with PyTorch's build for the CPU. An index that has the " +
      "build for CUDA alone, as PyPI has for Linux, brings NVIDIA's libraries along, 2.5 GB more to fetch; PIP_EXTRA_INDEX_URL can name PyTorch's own index.",
    fetchBytes: 0.6e9,
    diskBytes: 1.9e9,
  },
  cuda: {
    note:
      `${common}\nFor NVIDIA's GPUs: PyTorch 2.11.0 (BSD licence), verl 0.9.1, vLLM 0.24.0, transformers 5.9.0, Ray 2.60.0 (Apache License 2.0) and ` +
      "what they need: 4.6 GB to fetch, about 10 GB on disk. CUDA 13's libraries come with it, under NVIDIA's own licences " +
      "(https://docs.nvidia.com/cuda/eula and https://docs.nvidia.com/deeplearning/cudnn/latest/reference/eula.html). The GPU's driver must be there already.",
    fetchBytes: 4.6e9,
    diskBytes: 10e9,
  },
};
