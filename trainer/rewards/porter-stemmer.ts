/**
 * The Porter stemmer with NLTK's extensions (`PorterStemmer.NLTK_EXTENSIONS`), which rouge_score uses.
 * After M. F. Porter, "An algorithm for suffix stripping", 1980; the extensions are marked where they apply.
 */

/** Extension: words that the rules get wrong. */
const irregular = new Map<string, string>([
  ['sky', 'sky'],
  ['skies', 'sky'],
  ['dying', 'die'],
  ['lying', 'lie'],
  ['tying', 'tie'],
  ['news', 'news'],
  ['innings', 'inning'],
  ['inning', 'inning'],
  ['outings', 'outing'],
  ['outing', 'outing'],
  ['cannings', 'canning'],
  ['canning', 'canning'],
  ['howe', 'howe'],
  ['proceed', 'proceed'],
  ['exceed', 'exceed'],
  ['succeed', 'succeed'],
]);

function isVowelLetter(letter: string | undefined): boolean {
  return letter === 'a' || letter === 'e' || letter === 'i' || letter === 'o' || letter === 'u';
}

/** A letter other than a vowel, and `y` at the start or after a vowel. */
function isConsonant(word: string, at: number): boolean {
  if (isVowelLetter(word[at])) return false;
  if (word[at] !== 'y') return true;
  // Along a run of `y` the kinds alternate, so the letter before the run decides.
  let start = at;
  while (start > 0 && word[start - 1] === 'y') start--;
  const firstIsConsonant = start === 0 || isVowelLetter(word[start - 1]);
  return (at - start) % 2 === 0 ? firstIsConsonant : !firstIsConsonant;
}

/** Number of vowel-consonant sequences, counted up to 2: no rule asks for more. */
function measure(stem: string): number {
  let count = 0;
  let afterVowel = false;
  let consonant = false;
  for (let i = 0; i < stem.length && count < 2; i++) {
    const letter = stem[i];
    consonant = letter === 'y' ? i === 0 || !consonant : !isVowelLetter(letter);
    if (consonant && afterVowel) count++;
    afterVowel = !consonant;
  }
  return count;
}

const hasMeasure = (stem: string) => measure(stem) > 0;
const hasMeasureOverOne = (stem: string) => measure(stem) > 1;

function containsVowel(stem: string): boolean {
  for (let i = 0; i < stem.length; i++) if (!isConsonant(stem, i)) return true;
  return false;
}

function endsDoubleConsonant(word: string): boolean {
  const last = word.length - 1;
  return last >= 1 && word[last] === word[last - 1] && isConsonant(word, last);
}

/** Consonant, vowel, consonant other than w, x, y. Extension: also a word of just vowel and consonant. */
function endsConsonantVowelConsonant(word: string): boolean {
  const last = word.length - 1;
  if (last >= 2) {
    const letter = word[last];
    return (
      isConsonant(word, last - 2) &&
      !isConsonant(word, last - 1) &&
      isConsonant(word, last) &&
      letter !== 'w' &&
      letter !== 'x' &&
      letter !== 'y'
    );
  }
  return last === 1 && !isConsonant(word, 0) && isConsonant(word, 1);
}

interface Rule {
  readonly suffix: string;
  readonly replacement: string;
  readonly when: (stem: string) => boolean;
}

const rules = (table: string, when: (stem: string) => boolean): Rule[] =>
  table.split(' ').map((entry) => {
    const [suffix = '', replacement = ''] = entry.split('>');
    return { suffix, replacement, when };
  });

/** The first rule whose suffix fits decides, whether or not its condition holds. */
function applyFirst(word: string, list: readonly Rule[]): string {
  for (const { suffix, replacement, when } of list) {
    if (!word.endsWith(suffix)) continue;
    const stem = word.slice(0, word.length - suffix.length);
    return when(stem) ? stem + replacement : word;
  }
  return word;
}

const step1aRules = rules('sses>ss ies>i ss>ss s>', () => true);

function step1a(word: string): string {
  if (word.length === 4 && word.endsWith('ies')) return `${word[0]}ie`; // extension: ties, dies
  return applyFirst(word, step1aRules);
}

function step1b(word: string): string {
  if (word.endsWith('ied')) return word.slice(0, -3) + (word.length === 4 ? 'ie' : 'i'); // extension: died, spied
  if (word.endsWith('eed')) return hasMeasure(word.slice(0, -3)) ? word.slice(0, -1) : word;
  const suffix = ['ed', 'ing'].find((ending) => word.endsWith(ending) && containsVowel(word.slice(0, -ending.length)));
  if (suffix === undefined) return word;
  const stem = word.slice(0, -suffix.length);
  if (stem.endsWith('at') || stem.endsWith('bl') || stem.endsWith('iz')) return `${stem}e`;
  if (endsDoubleConsonant(stem)) return 'lsz'.includes(stem.slice(-1)) ? stem : stem.slice(0, -1);
  return measure(stem) === 1 && endsConsonantVowelConsonant(stem) ? `${stem}e` : stem;
}

function step1c(word: string): string {
  // Extension: y becomes i after a consonant that is not the first letter.
  const stem = word.slice(0, -1);
  return word.endsWith('y') && stem.length > 1 && isConsonant(stem, stem.length - 1) ? `${stem}i` : word;
}

const step2Rules: readonly Rule[] = [
  ...rules(
    'ational>ate tional>tion enci>ence anci>ance izer>ize bli>ble alli>al entli>ent eli>e ousli>ous ization>ize ation>ate ator>ate alism>al iveness>ive fulness>ful ousness>ous aliti>al iviti>ive biliti>ble fulli>ful',
    hasMeasure,
  ),
  // Extension: the l counts to the stem here.
  { suffix: 'logi', replacement: 'log', when: (stem) => hasMeasure(`${stem}l`) },
];

function step2(word: string): string {
  // Extension: the word goes through this step again once -alli is gone.
  if (word.endsWith('alli') && hasMeasure(word.slice(0, -4))) return step2(word.slice(0, -2));
  return applyFirst(word, step2Rules);
}

const step3Rules = rules('icate>ic ative> alize>al iciti>ic ical>ic ful> ness>', hasMeasure);

const step4Rules: readonly Rule[] = [
  ...rules('al> ance> ence> er> ic> able> ible> ant> ement> ment> ent>', hasMeasureOverOne),
  { suffix: 'ion', replacement: '', when: (stem) => hasMeasureOverOne(stem) && /[st]$/.test(stem) },
  ...rules('ou> ism> ate> iti> ous> ive> ize>', hasMeasureOverOne),
];

function step5(word: string): string {
  let result = word;
  if (word.endsWith('e')) {
    const stem = word.slice(0, -1);
    const count = measure(stem);
    if (count > 1 || (count === 1 && !endsConsonantVowelConsonant(stem))) result = stem;
  }
  return result.endsWith('ll') && hasMeasureOverOne(result.slice(0, -1)) ? result.slice(0, -1) : result;
}

/** Stem of a lower-case word. Linear in its length. */
export function porterStem(word: string): string {
  const known = irregular.get(word);
  if (known !== undefined) return known;
  if (word.length <= 2) return word;
  const suffixesGone = applyFirst(step2(step1c(step1b(step1a(word)))), step3Rules);
  return step5(applyFirst(suffixesGone, step4Rules));
}
