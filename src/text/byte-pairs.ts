/** Byte-pair encoding of words (Sennrich et al. 2016) over bytes (Radford et al. 2019), as CLIP uses it. */

/** What stands behind the last symbol of a word. */
export const wordEnd = "</w>";

/**
 * A printable character for each byte: 33 to 126, 161 to 172 and 174 to 255 stand for themselves, the other 68 are
 * U+0100 and those after it.
 */
export const byteCharacters: readonly string[] = (() => {
  let next = 256;
  const isItself = (byte: number) =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isItself(byte) ? byte : next++));
})();

/** The same characters in the order of their ids: those that stand for themselves first. */
export const byteAlphabet: readonly string[] = [
  ...byteCharacters.filter((character, byte) => character.charCodeAt(0) === byte),
  ...byteCharacters.filter((character, byte) => character.charCodeAt(0) !== byte),
];

/**
 * word: in `byteCharacters`, not empty. ranks: of `left right`, the first to be merged being the smallest. Returns the
 * symbols that are left when no two neighbours have a rank.
 */
export function mergedSymbols(word: string, ranks: ReadonlyMap<string, number>): readonly string[] {
  let symbols = [...word];
  symbols[symbols.length - 1] += wordEnd;
  while (symbols.length > 1) {
    let best: number | undefined;
    let place = 0;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const rank = ranks.get(`${symbols[i]} ${symbols[i + 1]}`);
      if (rank !== undefined && (best === undefined || rank < best)) [best, place] = [rank, i];
    }
    if (best === undefined) break;
    symbols = mergedEverywhere(symbols, symbols[place], symbols[place + 1]);
  }
  return symbols;
}

/** Every `left` followed by `right` as one symbol, from the left on. */
function mergedEverywhere(symbols: readonly string[], left: string, right: string): string[] {
  const merged: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const isPair = symbols[i] === left && symbols[i + 1] === right;
    merged.push(isPair ? left + right : symbols[i]);
    if (isPair) i++;
  }
  return merged;
}
