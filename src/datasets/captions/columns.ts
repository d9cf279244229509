/** Numbers of many rows, 4 or 8 bytes each, in arrays that grow. */

export class Column {
  #values: Float64Array | Uint32Array;
  #length = 0;

  /** bytes: 4 for 0 … 2³² − 1, 8 for 0 … 2⁵³. */
  constructor(bytes: 4 | 8) {
    this.#values = bytes === 4 ? new Uint32Array(1024) : new Float64Array(1024);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new (this.#values.constructor as new (length: number) => Float64Array | Uint32Array)(
        Math.ceil(1.25 * this.#length),
      );
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  at(row: number): number {
    return this.#values[row];
  }
}
