/** Numbers of 16 bits as float32, exactly. Both kinds come as their bits. */

/** bfloat16 is the upper half of a float32. */
export function widenBrain(narrow: Uint16Array): Float32Array {
  const wide = new Uint32Array(narrow.length);
  for (let i = 0; i < narrow.length; i++) wide[i] = narrow[i] << 16;
  return new Float32Array(wide.buffer);
}

/** float32 of float16: sign, 5 bits of exponent, 10 of fraction. Exponent and fraction keep their order, so one shift moves both. */
export function widenHalf(narrow: Uint16Array): Float32Array {
  const wide = new Float32Array(narrow.length);
  const bits = new Uint32Array(wide.buffer);
  for (let i = 0; i < narrow.length; i++) {
    const magnitude = narrow[i] & 0x7fff;
    const isNumber = magnitude < 0x7c00; // else infinity or NaN
    if (magnitude >= 0x0400) bits[i] = (magnitude << 13) + ((isNumber ? 127 - 15 : 255 - 31) << 23);
    else wide[i] = magnitude * 2 ** -24; // zero and subnormal
    bits[i] |= (narrow[i] & 0x8000) << 16;
  }
  return wide;
}
