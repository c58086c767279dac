/** Byte-level BPE writes each byte as one printable character (GPT-2's table), so that pieces are text. */

const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;

const symbols: string[] = [];
let shifted = 0;
for (let byte = 0; byte < 256; byte++) symbols.push(String.fromCharCode(printable(byte) ? byte : 256 + shifted++));

/** Character of each byte. */
export const byteSymbols: readonly string[] = symbols;

const bytesOfSymbols = new Map(symbols.map((symbol, byte) => [symbol, byte]));

/** Text as characters that stand for its UTF-8 bytes. */
export function toSymbols(text: string): string[] {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => byteSymbols[byte] as string);
}

/** The bytes of a piece; null when a character stands for none. */
export function toBytes(piece: string): Uint8Array | null {
  const bytes = Array.from(piece, (symbol) => bytesOfSymbols.get(symbol));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes as number[]) : null;
}
