/** The sets of packages: every one pinned, and all there that the gateway imports. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { gatewayPackages, requirementsFile } from '../../../../trainer/engines/verl/files.ts';
import { pinnedPackages } from '../../../../trainer/engines/verl/setup/environment.ts';
import { environmentKinds, verlEnvironmentInfo } from '../../../../trainer/protocol/verl-environments.ts';

/** Modules that come with Python. */
const standard = new Set(
  (
    '__future__ argparse array ast asyncio base64 bisect collections concurrent contextlib copy csv ctypes ' +
    'dataclasses datetime decimal enum errno faulthandler fcntl fnmatch fractions functools gc getpass glob ' +
    'gzip hashlib heapq hmac importlib inspect io itertools json logging math mmap multiprocessing operator os ' +
    'pathlib pickle platform pprint queue random re resource secrets select shlex shutil signal socket ' +
    'socketserver ssl stat statistics string struct subprocess sys sysconfig tempfile textwrap threading time ' +
    'traceback types typing unicodedata uuid warnings weakref zipfile'
  ).split(' '),
);

/** Names of packages whose modules have other names. */
const packageOf: Readonly<Record<string, string>> = { PIL: 'pillow', yaml: 'pyyaml' };

const asksFor = (kind: (typeof environmentKinds)[number]) =>
  readFileSync(requirementsFile(kind), 'utf8')
    .split('\n')
    .filter((line) => /^[a-z]/.test(line));

describe.each(environmentKinds)('%s', (kind) => {
  const pinned = pinnedPackages(kind);

  it('asks for verl and for nothing whose version is not pinned', () => {
    const asked = asksFor(kind).map((line) => line.replace(/\[.*\]$/, ''));
    expect(asked).toContain('verl');
    expect(asked.filter((name) => !pinned.has(name))).toEqual([]);
    expect(readFileSync(requirementsFile(kind), 'utf8')).toContain(`\n-c constraints-${kind}.txt\n`);
  });

  it('has every package that the gateway imports', () => {
    const files = globSync('video_r1_gateway/**/*.py', { cwd: gatewayPackages() });
    const text = files.map((file) => readFileSync(path.join(gatewayPackages(), file), 'utf8')).join('\n');
    const modules = [...text.matchAll(/^ *(?:from|import) ([A-Za-z]\w*)/gm)].map(([, name]) => name as string);
    const others = [...new Set(modules)].filter((name) => !standard.has(name) && name !== 'video_r1_gateway');
    expect(others).toContain('torch');
    const missing = others.filter((name) => !pinned.has(packageOf[name] ?? name.replaceAll('_', '-').toLowerCase()));
    // vLLM is imported where the settings ask for it, which the CPU's refuse.
    expect(missing.filter((name) => kind !== 'cpu' || name !== 'vllm')).toEqual([]);
  });

  it('says of itself what it pins', () => {
    const named = [
      ...verlEnvironmentInfo[kind].note.matchAll(/\b(PyTorch|verl|transformers|Ray|peft|vLLM) (\d+\.\d+\.\d+)/g),
    ];
    expect(named.length).toBeGreaterThan(3);
    for (const [, name = '', version] of named)
      expect([name, pinned.get(name === 'PyTorch' ? 'torch' : name.toLowerCase())]).toEqual([name, [version]]);
  });
});
