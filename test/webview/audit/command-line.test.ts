import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditCommandLine } from '../../../webview/audit/command-line.ts';

const named = { dataset: 'data/eval.json', run: 'tgrpo-1', project: '/home/me/sample' };

describe('the command that audits a dataset', () => {
  it('names the dataset of the run in its project, so that it can be given anywhere', () => {
    expect(auditCommandLine(named)).toBe(
      'npx video-r1 audit /home/me/sample/data/eval.json --checkpoint tgrpo-1 --folder /home/me/sample',
    );
    expect(auditCommandLine({ ...named, dataset: '/data/all.json' })).toContain('audit /data/all.json --');
    expect(auditCommandLine({ ...named, project: 'C:\\my work\\sample' })).toBe(
      'npx video-r1 audit "C:\\my work\\sample\\data/eval.json" --checkpoint tgrpo-1 --folder "C:\\my work\\sample"',
    );
    expect(auditCommandLine({ ...named, dataset: '$(calc).json', project: 'C:\\sample' })).toBeNull();
  });

  it.skipIf(process.platform === 'win32')('gives a shell every name as it is, whatever a run file says', () => {
    const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' });
    fc.assert(
      fc.property(name, (dataset) => {
        const line = auditCommandLine({ ...named, dataset: `/d/${dataset}` });
        const words = execFileSync('sh', ['-c', `npx() { printf '%s\\0' "$@"; }; ${line}`], { encoding: 'utf8' });
        expect(words.split('\0')[2]).toBe(`/d/${dataset}`);
      }),
      { numRuns: 50 },
    );
  });
});
