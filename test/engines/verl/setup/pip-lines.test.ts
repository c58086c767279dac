/** What pip prints is read as progress, and of its settings those that say where packages come from. */
import { describe, expect, it } from 'vitest';
import { indexEnvironment, readPipLine } from '../../../../trainer/engines/verl/setup/pip-lines.ts';

describe('lines of pip install --progress-bar raw', () => {
  it.each([
    ['Collecting torch==2.13.0 (from -c constraints-cpu.txt (line 137))', { kind: 'collecting', name: 'torch' }],
    ['Collecting ray[default]>=2.41.0 (from verl==0.9.1)', { kind: 'collecting', name: 'ray' }],
    [
      '  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (530.6 MB)',
      { kind: 'fetching', file: 'torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl' },
    ],
    [
      '  Downloading https://files.example/a/antlr4-python3-runtime-4.9.3.tar.gz (117 kB)',
      { kind: 'fetching', file: 'antlr4-python3-runtime-4.9.3.tar.gz' },
    ],
    ['Progress 1048576 of 530600000', { kind: 'bytes', done: 1048576, total: 530600000 }],
    [
      'Building wheels for collected packages: antlr4-python3-runtime',
      { kind: 'building', names: 'antlr4-python3-runtime' },
    ],
    ['Installing collected packages: pytz, numpy, verl', { kind: 'installing', names: ['pytz', 'numpy', 'verl'] }],
  ])('%s', (line, read) => expect(readPipLine(line)).toEqual(read));

  it.each([
    '',
    'Requirement already satisfied: numpy in ./lib',
    '  Downloading ray-2.60.0-cp311-cp311-manylinux2014_x86_64.whl.metadata (22 kB)',
    'Successfully installed verl-0.9.1',
    'Progress 12 of many',
  ])('tells nothing by "%s"', (line) => expect(readPipLine(line)).toBeNull());
});

describe('the settings of pip that are kept', () => {
  it('are those of the index, a variable before a command before all', () => {
    expect(
      indexEnvironment([
        "global.index-url='https://one.example/simple'",
        "install.index-url='https://two.example/simple'",
        "global.extra-index-url='https://a.example\\nhttps://b.example'",
        "global.retries='3'",
        ":env:.retries='7'",
        'global.proxy="http://it\'s.example"',
        "download.find-links='/elsewhere'",
      ]),
    ).toEqual({
      PIP_INDEX_URL: 'https://two.example/simple',
      PIP_EXTRA_INDEX_URL: 'https://a.example https://b.example',
      PIP_RETRIES: '7',
      PIP_PROXY: "http://it's.example",
    });
  });

  it('are none that would put packages elsewhere or change which they are', () => {
    expect(
      indexEnvironment([
        "global.target='/home/me/lib'",
        "install.user='true'",
        "install.prefix='/opt'",
        "global.constraint='/etc/constraints.txt'",
        "install.no-deps='true'",
        "global.require-virtualenv='true'",
        'something else',
      ]),
    ).toEqual({});
  });
});
