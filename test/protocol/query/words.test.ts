/** Words are cut alike in memory and in SQLite's full-text index, in all languages; what is typed is found wherever it stands. */
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { holdsPhrase, wordsOf } from '../../../trainer/protocol/query/words.ts';

describe('wordsOf', () => {
  it.each<[string, string[]]>([
    ['The Ball, moves LEFT.', ['the', 'ball', 'moves', 'left']],
    ['视频中的 ball', ['视', '频', '中', '的', 'ball']],
    ['3Dカメラ', ['3d', 'カ', 'メ', 'ラ']],
    ['𠀀𪛔', ['𠀀', '𪛔']],
    ['공이 왼쪽으로', ['공', '이', '왼', '쪽', '으', '로']],
    ['snake_case don’t', ['snake', 'case', 'don', 't']],
    ['Straße STRASSE', ['strasse', 'strasse']],
    ['ΟΔΟΣ οδός', ['οδοσ', 'οδοσ']],
    ['ISPARTA ısparta İzmir', ['isparta', 'isparta', 'izmir']],
    ['ＡＢＣ １２３ ﬁn x²', ['abc', '123', 'fin', 'x2']],
    ['in\u00adter ba\u200bll', ['inter', 'ball']],
    ['→ = \u0000 \ud800', []],
    ['\ue000\u{f8ff}', ['\ue000\u{f8ff}']],
  ])('cuts %j', (text, words) => {
    expect(wordsOf(text)).toEqual(words);
  });

  it.each([
    ['先做动作向左的红色视频', ['先做', '动作', '向左', '红色', '视频']],
    ['ลูกบอลสีแดงเลื่อนไปทางซ้าย', ['สีแดง', 'ซ้าย', 'ทาง']],
    ['ໝາກບານສີແດງ', ['ບານ', 'ສີແດງ']],
    ['បាល់ពណ៌ក្រហម', ['ពណ៌', 'ក្រហម']],
    ['ボールは左へうごく', ['ール', '左へ', 'うごく']],
    ['빨간공이왼쪽으로', ['공이', '왼쪽', '공이 왼쪽']],
    ['see🎬🤦🏼‍♂️now', ['🎬', '🤦', '🤦🏼‍♂️', 'now', '🎬🤦']],
    ['le cafe\u0301 cre\u0300me', ['café', 'creme']],
  ])('finds words anywhere inside of %s', (text, inside) => {
    for (const found of inside) expect(holdsPhrase(wordsOf(text), wordsOf(found), false), found).toBe(true);
    expect(holdsPhrase(wordsOf(text), wordsOf('猫'), false)).toBe(false);
  });

  it('does not tell composed from decomposed letters', () => {
    for (const text of ['Ångström é', 'が ぱ', '한국어', 'क़ हिन्दी', 'ทำ กิน']) {
      expect(wordsOf(text.normalize('NFD')), text).toEqual(wordsOf(text.normalize('NFC')));
    }
    expect(wordsOf('naïve')).toEqual(wordsOf('naive'));
  });

  it('keeps the marks that make another word', () => {
    expect(wordsOf('か')).not.toEqual(wordsOf('が'));
    expect(wordsOf('कल')).not.toEqual(wordsOf('कील'));
    expect(wordsOf('กา')).not.toEqual(wordsOf('กิ'));
    expect(wordsOf('हिन्दी')).toHaveLength(1);
    expect(wordsOf('กินข้าว')).toHaveLength(5);
    for (const text of ['ភាសាខ្មែរ', 'ພາສາລາວ', 'မြန်မာ', 'ᦅᦱᧄ']) expect(wordsOf(text).length, text).toBeGreaterThan(2);
  });

  it('makes several words of an endless one', () => {
    expect(wordsOf('a'.repeat(2500)).map(({ length }) => length)).toEqual([1000, 1000, 500]);
    expect(wordsOf('हि'.repeat(1200)).join('')).toBe(wordsOf('हि').join('').repeat(1200));
  });

  it('is settled: the words of the joined words are the words', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const words = wordsOf(text);
        expect(wordsOf(words.join(' '))).toEqual(words);
        for (const word of words) expect(wordsOf(word)).toEqual([word]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('in the index', () => {
  const database = new DatabaseSync(':memory:');
  afterAll(() => database.close());
  database.exec(
    `CREATE VIRTUAL TABLE held USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2');
     CREATE VIRTUAL TABLE terms USING fts5vocab (held, 'instance');`,
  );
  const insert = database.prepare('INSERT INTO held (rowid, text) VALUES (?, ?)');
  const tokens = database.prepare('SELECT term FROM terms ORDER BY doc, offset');
  const found = database.prepare('SELECT count(*) AS count FROM held WHERE held MATCH ?');
  const indexed = (...words: string[][]) => {
    database.exec('DELETE FROM held; BEGIN');
    words.forEach((of, row) => {
      insert.run(row, of.join(' '));
    });
    database.exec('COMMIT');
  };

  it('every character that can be in a word comes out as it went in', () => {
    const held = new Set<string>();
    for (let code = 0; code < 0x110000; code += 1) {
      if (code < 0xd800 || code > 0xdfff) for (const word of wordsOf(`x${String.fromCodePoint(code)}x`)) held.add(word);
    }
    const words = [...held];
    indexed(words);
    const kept = tokens.all().map((row) => row.term);
    expect(words.filter((word, place) => kept[place] !== word)).toEqual([]);
    expect(kept.length).toBe(words.length);
  });

  it('a text is found by each of its words, by any that are neighbours, and by the start of one', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), fc.nat(), fc.nat(), (text, from, count, cut) => {
        const words = wordsOf(text);
        indexed(words);
        expect(tokens.all().map((row) => row.term)).toEqual(words);
        if (words.length === 0) return;
        const start = from % words.length;
        const phrase = words.slice(start, start + 1 + (count % (words.length - start)));
        const last = [...(phrase.at(-1) ?? '')];
        const begun = [...phrase.slice(0, -1), last.slice(0, 1 + (cut % last.length)).join('')];
        for (const [wanted, prefix] of [
          [phrase, false],
          [begun, true],
        ] as const) {
          expect(holdsPhrase(words, wanted, prefix)).toBe(true);
          expect(found.get(`"${wanted.join(' ')}"${prefix ? '*' : ''}`)?.count).toBe(1);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('a phrase that is not there is found by neither', () => {
    const few = fc.array(fc.constantFrom('a', 'b', 'ab', 'か', 'が', 'กิ', 'ก', 'हि'), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(few, few, fc.boolean(), (text, typed, prefix) => {
        const held = wordsOf(text.join(' '));
        const phrase = wordsOf(typed.join(' ')).slice(0, 3);
        indexed(held);
        const count = found.get(`"${phrase.join(' ')}"${prefix ? '*' : ''}`)?.count;
        expect(count === 1).toBe(holdsPhrase(held, phrase, prefix));
      }),
    );
  });
});

/** Texts of letters, marks and symbols of many scripts, mixed at random. */
const anyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...'aB ß ς Σ İ ı é ñ Å 한 ㅎ か が ｶ ﾞ ー 中 々 ก ำ ิ ่ ກ ຳ ខ ្ မ ြ ह ि न ् द ी ় া א ּ ا َ أ ﷺ ½ ² ﬁ 🔴 \u200d \u00ad . - _ ₂ Ⅻ 𝐀'.split(
          '',
        ),
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
      fc.constant('\ud83d'),
    ),
    { maxLength: 30 },
  )
  .map((pieces) => pieces.join(''));
