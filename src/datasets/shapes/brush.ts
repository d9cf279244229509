/** Label Studio's packed brush masks: runs of bits that give red, green, blue and alpha of every pixel. */

import { InputError, problem } from "../../errors.ts";

/**
 * bytes → alpha of each of width · height pixels, row by row. Format: 32 bits, how many values; 5 bits, bits of a value less one; four times
 * 4 bits, bits of a length less one; then pieces: a bit (1: one value repeated), 2 bits (which of the four lengths), the length less one, and
 * one value or as many as the length says. Throws InputError beginning with `where` where they end early or are of another size.
 */
export function decodeBrush(bytes: readonly number[], width: number, height: number, where: string): Uint8Array {
  const remedy = 'Export it anew as "JSON".';
  let at = 0;
  const read = (bits: number): number => {
    let value = 0;
    for (let left = bits; left > 0; left--, at++) {
      const byte = bytes[at >> 3];
      if (byte === undefined) {
        throw new InputError(
          problem(where, "expected a whole brush mask", `${bytes.length} bytes of a longer one`, remedy),
        );
      }
      value = value * 2 + ((byte >> (7 - (at & 7))) & 1);
    }
    return value;
  };
  const count = read(32);
  if (count !== width * height * 4) {
    const expected = `expected a brush mask of ${width}x${height} pixels`;
    throw new InputError(problem(where, expected, `${count} values in place of ${width * height * 4}`, remedy));
  }
  const valueBits = read(5) + 1;
  const lengthBits = [0, 1, 2, 3].map(() => read(4) + 1);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < count; ) {
    const repeats = read(1) === 1;
    const end = Math.min(count, i + 1 + read(lengthBits[read(2)]));
    let value = repeats ? read(valueBits) : 0;
    for (; i < end; i++) {
      if (!repeats) value = read(valueBits);
      if (i % 4 === 3) alpha[i >> 2] = value;
    }
  }
  return alpha;
}
