/** Who imports whom: the tree against the table, and no circle. */
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Room, rooms } from './import-table.ts';
import { circles, type Import, importsOf, sourceFiles } from './imports.ts';

const files = sourceFiles();
const imports = files.flatMap((file) => importsOf(file));
const byLength = rooms.toSorted((a, b) => b.room.length - a.room.length);
const roomOf = (file: string): Room | undefined =>
  byLength.find(({ room }) => file === room || file.startsWith(`${room}/`));

function fault({ from, target, isOurs }: Import): string | null {
  const room = roomOf(from);
  if (!room) return `${from}: no row of the table is for it`;
  if (!isOurs) {
    if (target === 'vscode' && room.runs !== 'editor') return `${from}: vscode, and it does not run in the editor`;
    if (target.startsWith('node:') && room.runs === 'pure') return `${from}: ${target}, and it must run everywhere`;
    return null;
  }
  const other = roomOf(target);
  if (!other) return `${from} -> ${target}: no row of the table is for it`;
  if (other === room) return null;
  if (!room.on.includes(other.room)) return `${from} -> ${target}: ${room.room} does not stand on ${other.room}`;
  const closed = other.closed?.find((inner) => target.startsWith(`${inner}/`) && !room.looksInto?.includes(inner));
  return closed === undefined ? null : `${from} -> ${target}: only ${other.room} looks into ${closed}`;
}

describe('imports', () => {
  it('go where the table allows', () => {
    expect(imports.map(fault).filter((found) => found !== null)).toEqual([]);
  });

  it('make no circle, types included', () => {
    expect(circles(imports)).toEqual([]);
  });

  it('name files that are there', () => {
    const missing = imports.filter(({ target, isOurs }) => isOurs && !files.includes(target) && !existsSync(target));
    expect(missing).toEqual([]);
  });
});

describe('the table of rooms', () => {
  it('has every room stand on rooms above it alone', () => {
    const upwards = rooms.flatMap(({ room, on }, row) =>
      on
        .filter((below) => !rooms.slice(0, row).some((other) => other.room === below))
        .map((below) => `${room} on ${below}`),
    );
    expect(upwards).toEqual([]);
  });

  it('allows nothing that nobody uses', () => {
    const used = new Set(imports.map(({ from, target }) => `${roomOf(from)?.room} on ${roomOf(target)?.room}`));
    const unused = rooms
      .filter(({ planned }) => !planned)
      .flatMap(({ room, on }) => on.map((below) => `${room} on ${below}`))
      .filter((arrow) => !used.has(arrow));
    expect(unused).toEqual([]);
  });

  it('finds a circle, an arrow back up, and a module that does not run there', () => {
    const text =
      "import type { A } from './b.ts';\nexport { x } from '../../learning/sft.ts';\nawait import('node:fs');\n";
    const [toB, back, node] = importsOf('trainer/protocol/query/a.ts', text) as [Import, Import, Import];
    const backToA = importsOf('trainer/protocol/query/b.ts', "import './a.ts';")[0] as Import;
    expect(circles([toB, backToA])).toEqual([['trainer/protocol/query/a.ts', 'trainer/protocol/query/b.ts']]);
    expect(fault(toB)).toBeNull();
    expect(fault(back)).toMatch('trainer/protocol does not stand on trainer/learning');
    expect(fault(node)).toMatch('must run everywhere');
  });
});
