/** Numbers for keys of a few integers each, in order of first use: open addressing in typed arrays, no object a key. */
export class KeyTable {
  readonly width: number;
  /** Keys so far. */
  count = 0;
  /** [count, width], with room behind. */
  keys: Int32Array;
  /** A key's number + 1, or 0; a power of two of them, at most half in use. */
  #slots: Int32Array;

  /** width: integers a key. */
  constructor(width: number, room = 1024) {
    this.width = width;
    this.keys = new Int32Array(room * width);
    this.#slots = new Int32Array(4 * 2 ** Math.ceil(Math.log2(room)));
  }

  /** The number of `key`, which gets the next one where it is new. */
  add(key: Int32Array): number {
    const at = this.#place(key);
    const found = this.#slots[at];
    if (found !== 0) return found - 1;
    const { width } = this;
    if ((this.count + 1) * width > this.keys.length) this.#grow();
    const number = this.count++;
    for (let i = 0; i < width; i++) this.keys[number * width + i] = key[i];
    this.#slots[at] = number + 1;
    if (2 * this.count > this.#slots.length) this.#rehash();
    return number;
  }

  /** The number of `key`, or −1. */
  find(key: Int32Array): number {
    return this.#slots[this.#place(key)] - 1;
  }

  /** The slot of `key`, or the empty one where it belongs. */
  #place(key: Int32Array): number {
    const { width, keys } = this;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hash = 0;
    for (let i = 0; i < width; i++) hash = Math.imul(hash ^ key[i], 0x9e3779b1) ^ (hash >>> 15);
    for (let at = (hash ^ (hash >>> 13)) & mask; ; at = (at + 1) & mask) {
      const number = slots[at] - 1;
      if (number < 0) return at;
      let i = 0;
      while (i < width && keys[number * width + i] === key[i]) i++;
      if (i === width) return at;
    }
  }

  #grow(): void {
    const larger = new Int32Array(this.keys.length * 2);
    larger.set(this.keys);
    this.keys = larger;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    const { width, keys } = this;
    for (let number = 0; number < this.count; number++) {
      this.#slots[this.#place(keys.subarray(number * width, (number + 1) * width))] = number + 1;
    }
  }
}
