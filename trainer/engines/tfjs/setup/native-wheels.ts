/** The Python wheels whose shared libraries the native backend runs on, and what is said before they are fetched. */

export type NativeKind = 'cpu' | 'gpu';

export interface Wheel {
  /** Name and version, as pip is asked for them. */
  readonly requirement: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** A release whose C++ interface is still the one that the addon's sources were written for. */
const tensorflow = '2.18.1';

function tensorflowWheel(name: string, sha256: string, bytes: number): Wheel {
  const file = `${name.replace('-', '_')}-${tensorflow}-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`;
  return { requirement: `${name}==${tensorflow}`, file, sha256, bytes };
}

function nvidiaWheel(name: string, version: string, sha256: string, bytes: number): Wheel {
  const file = `nvidia_${name.replaceAll('-', '_')}-${version}-py3-none-manylinux2014_x86_64.whl`;
  return { requirement: `nvidia-${name}==${version}`, file, sha256, bytes };
}

/** NVIDIA's are those that the metadata of TensorFlow's wheel names under `and-cuda`. */
export const wheels: Readonly<Record<NativeKind, readonly Wheel[]>> = {
  cpu: [
    tensorflowWheel('tensorflow-cpu', '810c75d7149d2da0cb2092187817b0dcabb80728ca9f9cf3a61f3f42fadd1298', 230_236_181),
  ],
  gpu: [
    tensorflowWheel('tensorflow', 'c9f87e5d2a680a4595f5dc30daf6bbaec9d4129b46d7ef1b2af63c46ac7d2828', 615_510_377),
    nvidiaWheel(
      'cublas-cu12',
      '12.5.3.2',
      'ca070ad70e9fa6654084575d01bd001f30cc4665e33d4bb9fc8e0f321caa034b',
      363_313_169,
    ),
    nvidiaWheel(
      'cuda-cupti-cu12',
      '12.5.82',
      'bde77a5feb66752ec61db2adfe47f56b941842825b4c7e2068aff27c9d107953',
      13_811_507,
    ),
    nvidiaWheel(
      'cuda-nvcc-cu12',
      '12.5.82',
      'b03e545b8e8c3ce7ebcd7fc44063180ff52ff01d064ece2127ed90a04ef12cd0',
      22_468_537,
    ),
    nvidiaWheel(
      'cuda-nvrtc-cu12',
      '12.5.82',
      '3dbd97b0104b4bfbc3c4f8c79cd2496307c89c43c29a9f83125f1d76296ff3fd',
      24_873_108,
    ),
    nvidiaWheel(
      'cuda-runtime-cu12',
      '12.5.82',
      '3e79a060e126df40fd3a068f3f787eb000fa51b251ec6cd97d09579632687115',
      895_707,
    ),
    nvidiaWheel(
      'cudnn-cu12',
      '9.3.0.75',
      '9ad9c6929ebb5295eb4a1728024666d1c88283373e265a0c5c883e6f9d5cd76d',
      577_163_502,
    ),
    nvidiaWheel(
      'cufft-cu12',
      '11.2.3.61',
      '9a6e8df162585750f61983a638104a48c756aa13f9f48e19ab079b38e3c828b8',
      192_524_114,
    ),
    nvidiaWheel(
      'curand-cu12',
      '10.3.6.82',
      '2823fb27de4e44dbb22394a6adf53aa6e1b013aca0f8c22867d1cfae58405536',
      56_309_107,
    ),
    nvidiaWheel(
      'cusolver-cu12',
      '11.6.3.83',
      '93cfafacde4428b71778eeb092ec615a02a3d05404da1bcf91c53e3fa1bce42b',
      130_341_232,
    ),
    nvidiaWheel(
      'cusparse-cu12',
      '12.5.1.3',
      '016df8e993c437e8301e62739f01775cba988fd5253cd4c64173f8e8d2f8e752',
      217_558_979,
    ),
    nvidiaWheel('nccl-cu12', '2.21.5', '8579076d30a8c24988834445f8d633c697d42397e92ffc3f63fa26766d25e0a0', 188_654_414),
    nvidiaWheel(
      'nvjitlink-cu12',
      '12.5.82',
      'f9b37bc5c8cf7509665cb6ada5aaa0ce65618f2332b7d3e78e9790511f111212',
      21_298_879,
    ),
  ],
};

/** Bytes that stay on the disk, and those that unpacking and compiling take for a while. */
export const preparedBytes: Readonly<Record<NativeKind, number>> = { cpu: 690e6, gpu: 4100e6 };

const common =
  "TensorFlow's library comes with pip as the wheel " +
  'KIND (Apache License 2.0), the headers of Node-API with npm, and g++ compiles the addon of @tensorflow/tfjs-node-gpu ' +
  'against them: ';

export const nativeNote: Readonly<Record<NativeKind, string>> = {
  cpu: `${common.replace('KIND', `tensorflow-cpu ${tensorflow}`)}230 MB to fetch, 0.7 GB on disk, in your cache folder.`,
  gpu:
    `${common.replace('KIND', `tensorflow ${tensorflow}`)}2.4 GB to fetch, 4 GB on disk, in your cache folder. Twelve wheels of ` +
    "NVIDIA's come with it, CUDA 12.5 and cuDNN 9.3, under NVIDIA's own licences (https://docs.nvidia.com/cuda/eula and " +
    "https://docs.nvidia.com/deeplearning/cudnn/latest/reference/eula.html). The GPU's driver must be there already.",
};
