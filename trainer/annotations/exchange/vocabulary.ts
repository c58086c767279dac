/** What the labels of another tool mean here. */
import { z } from 'zod';
import { categoryId } from '../../protocol/annotations/categories.ts';
import { type Verdict, verdict } from '../../protocol/records.ts';

/** Flags of a label that means nothing here are kept under this category, with the label in the note. */
export const otherCategory = 'other';

const flagged = z.object({ category: categoryId });

export class Vocabulary {
  private readonly categories: ReadonlyMap<string, string>;
  private readonly aliases: ReadonlyMap<string, string>;
  private readonly met: Set<string>;

  /**
   * @param categories id and name of each; a label is one of them when it is its id or name, capitals aside; ids come first, as
   * they are what is written here
   * @param aliases other labels, with the category's id or the verdict that each stands for
   * @param met is given each label whose meaning was asked for
   */
  constructor(
    categories: readonly { readonly id: string; readonly name: string }[],
    aliases: ReadonlyMap<string, string>,
    met = new Set<string>(),
  ) {
    this.met = met;
    this.categories = new Map([
      ...categories.map(({ id, name }) => [plain(name), id] as const),
      ...categories.map(({ id }) => [id, id] as const),
    ]);
    this.aliases = new Map(Array.from(aliases, ([label, meaning]) => [plain(label), meaning]));
  }

  /**
   * The same for an item that was exported here: the categories of its flags mean themselves, also where the project has others
   * now, or is another project.
   * @param entries that travelled with the item, unchecked
   */
  withThoseOf(entries: readonly unknown[]): Vocabulary {
    const ids = entries.flatMap((entry) => flagged.safeParse(entry).data?.category ?? []);
    const unknown = new Set(ids.filter((id) => this.categories.get(id) !== id));
    if (unknown.size === 0) return this;
    const known = Array.from(this.categories, ([name, id]) => ({ id, name }));
    return new Vocabulary([...known, ...Array.from(unknown, (id) => ({ id, name: id }))], this.aliases, this.met);
  }

  category(label: string): string | null {
    return this.categories.get(plain(this.meaning(label))) ?? null;
  }

  verdict(label: string): Verdict | null {
    return verdict.safeParse(plain(this.meaning(label))).data ?? null;
  }

  severity(label: string): 'minor' | 'major' | null {
    const word = plain(label);
    return word === 'minor' || word === 'major' ? word : null;
  }

  /** Labels whose meaning was asked for, as they were written. */
  get labels(): readonly string[] {
    return [...this.met];
  }

  /** Whether the meaning of such a label was asked for. */
  hasMet(label: string): boolean {
    return this.labels.some((one) => plain(one) === plain(label));
  }

  private meaning(label: string): string {
    this.met.add(label);
    return this.aliases.get(plain(label)) ?? label;
  }
}

const plain = (label: string): string => label.trim().toLowerCase();
