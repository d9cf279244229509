import type { Named, NdArray } from "../array/ndarray.ts";
import { sameShape } from "../array/shape.ts";
import type { ValueType } from "./backend.ts";

interface Entry {
  /** What programs read; null while the entry has only been written by a run that was not committed. */
  current: NdArray | null;
  /** Where the next run that reads and writes this entry puts its result. */
  spare: NdArray | null;
}

const fits = (array: NdArray | null, { dtype, shape }: NdArray | ValueType): array is NdArray =>
  array !== null && array.dtype === dtype && sameShape(array.shape, shape);

/** Named arrays that programs read and write; see `engine.ts`. */
export class Store {
  readonly #entries = new Map<string, Entry>();
  readonly #reuses: boolean;

  /** `reuses`: results can go into memory that is there. Otherwise none is kept for them. */
  constructor(reuses: boolean) {
    this.#reuses = reuses;
  }

  /** What programs read under `name`, or undefined. */
  read(name: string): NdArray | undefined {
    return this.#entries.get(name)?.current ?? undefined;
  }

  names(): string[] {
    return [...this.#entries].filter(([, { current }]) => current !== null).map(([name]) => name);
  }

  /** Sets entries; the arrays are kept, not copied. */
  put(values: Named<NdArray>): void {
    for (const [name, array] of Object.entries(values)) {
      const spare = this.#entries.get(name)?.spare ?? null;
      this.#entries.set(name, { current: array, spare: fits(spare, array) ? spare : null });
    }
  }

  drop(names: readonly string[]): void {
    for (const name of names) this.#entries.delete(name);
  }

  /**
   * An array that a run may fill for entry `name`, or null where there is none of that type yet. `inPlace`: the
   * numbers that are there can be written over, because nobody will want them back.
   */
  target(name: string, type: ValueType, inPlace: boolean): NdArray | null {
    const entry = this.#entries.get(name);
    if (entry === undefined) return null;
    const array = inPlace ? (entry.current ?? entry.spare) : entry.spare;
    return fits(array, type) ? array : null;
  }

  /** Makes `array`, filled by a run, the entry's current one; the one before becomes the spare. */
  commit(name: string, array: NdArray): void {
    const entry = this.#entries.get(name);
    const previous = entry?.current ?? null;
    const spare = previous === array ? (entry?.spare ?? null) : previous;
    this.#entries.set(name, { current: array, spare: this.#reuses && fits(spare, array) ? spare : null });
  }

  /** Keeps what a run filled that is not committed as memory for the next one. */
  keepSpare(name: string, array: NdArray): void {
    if (!this.#reuses) return;
    const entry = this.#entries.get(name);
    if (entry === undefined) this.#entries.set(name, { current: null, spare: array });
    else if (entry.current !== array) entry.spare = array;
  }
}
