/** What the labels of another tool mean here. */
import { type Verdict, verdict } from '../../protocol/records.ts';

/** Flags of a label that means nothing here are kept under this category, with the label in the note. */
export const otherCategory = 'other';

export class Vocabulary {
  private readonly categories: ReadonlyMap<string, string>;
  private readonly aliases: ReadonlyMap<string, string>;

  /**
   * @param categories id and name of each; a label is one of them when it is its id or name, capitals aside
   * @param aliases other labels, with the category's id or the verdict that each stands for
   */
  constructor(
    categories: readonly { readonly id: string; readonly name: string }[],
    aliases: ReadonlyMap<string, string>,
  ) {
    this.categories = new Map(
      categories.flatMap(({ id, name }) => [
        [plain(name), id],
        [plain(id), id],
      ]),
    );
    this.aliases = new Map(Array.from(aliases, ([label, meaning]) => [plain(label), meaning]));
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

  private meaning(label: string): string {
    return this.aliases.get(plain(label)) ?? label;
  }
}

const plain = (label: string): string => label.trim().toLowerCase();
