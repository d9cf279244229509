/** The memory of one inference, and the compiled loops that run on it. */
import { InputError } from "../errors.ts";
import { kernels } from "./kernels.ts";

/** Bytes from the beginning of a workspace's memory; 0 is nobody's. */
export type Address = number;

/** What kernels/dense-crf.ts exports. */
export interface Kernels {
  simplices(
    features: Address,
    points: number,
    dimensions: number,
    corners: Address,
    shares: Address,
    keys: Address,
    slots: Address,
    scratch: Address,
  ): number;
  linesAlong(
    direction: number,
    vertices: number,
    dimensions: number,
    keys: Address,
    slots: Address,
    lines: Address,
    next: Address,
    follows: Address,
    key: Address,
  ): number;
  spread(
    vertices: Address,
    values: Address,
    corners: Address,
    shares: Address,
    factors: Address,
    points: number,
    sides: number,
    stride: number,
  ): void;
  blur(vertices: Address, lines: Address, count: number, stride: number): void;
  gather(
    into: Address,
    vertices: Address,
    corners: Address,
    shares: Address,
    factors: Address,
    first: number,
    end: number,
    sides: number,
    stride: number,
    scale: number,
  ): void;
  addPairs(sums: Address, rows: Address, kernel: Address, points: number, stride: number): void;
  softmax(into: Address, from: Address, rows: number, stride: number): void;
}

const pageBytes = 65_536;
/** 4 GB, all that 32-bit addresses reach. */
const mostPages = 65_536;

let compiled: WebAssembly.Module | undefined;

/** Numbers one after another in memory that only grows; all of it is freed with the workspace. */
export class Workspace {
  readonly kernels: Kernels;
  #memory = new WebAssembly.Memory({ initial: 1, maximum: mostPages });
  #end = 16;

  constructor() {
    compiled ??= new WebAssembly.Module(Uint8Array.from(atob(kernels), (letter) => letter.charCodeAt(0)));
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory: this.#memory } });
    this.kernels = exports as unknown as Kernels;
  }

  /** Where the next numbers will be. */
  get end(): Address {
    return this.#end;
  }

  /** Gives back all that was reserved from there on. */
  free(end: Address): void {
    this.#end = end;
  }

  /** Room for `count` numbers of 4 bytes, which may be anything. Throws InputError where it is more than there can be. */
  reserve(count: number): Address {
    const start = this.#end;
    const end = start + Math.ceil(count / 4) * 16;
    const pages = Math.ceil(end / pageBytes);
    const missing = pages - this.#memory.buffer.byteLength / pageBytes;
    try {
      if (pages > mostPages) throw new RangeError();
      if (missing > 0) this.#memory.grow(missing);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new InputError(
        `dense CRF: expected an image that fits into memory, got one that takes more than ${(end / 1e9).toFixed(1)} GB. Make it smaller, or name fewer labels.`,
      );
    }
    this.#end = end;
    return start;
  }

  /** The numbers there. To be used before anything else is reserved: growing moves them. */
  floats(address: Address, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, count);
  }

  /** Copies `count` numbers, which may overlap where they go. */
  move(to: Address, from: Address, count: number): void {
    new Uint32Array(this.#memory.buffer).copyWithin(to / 4, from / 4, from / 4 + count);
  }

  doubles(address: Address, count: number): Float64Array {
    return new Float64Array(this.#memory.buffer, address, count);
  }

  integers(address: Address, count: number): Int32Array {
    return new Int32Array(this.#memory.buffer, address, count);
  }
}
