/** Kernels of elementwise graphs as WebAssembly: a function for each, four float32 numbers at a time. */

/** What a kernel computes with: an array that it reads, a number, or a result of its own. */
export interface Operand {
  readonly kind: "read" | "scalar" | "computed";
  readonly index: number;
}

export interface Kernel {
  /** How many arrays it reads, and how many numbers it is given. */
  readonly reads: number;
  readonly scalars: number;
  readonly computed: readonly { readonly op: string; readonly operands: readonly Operand[] }[];
  /** What goes to each array that it writes. */
  readonly writes: readonly Operand[];
}

/**
 * Memory of a kernel: a piece of each array that it reads, of each that it writes, then its scalars. Pieces are small enough for the
 * processor's cache, and large enough that copying them counts, not beginning to.
 */
export const pieceLength = 4096;
export const pieceOffset = (index: number) => 4 * index * pieceLength;
export const scalarOffset = ({ reads, writes }: Kernel) => pieceOffset(reads + writes.length);

interface Operation {
  /** The same of numbers; the caller rounds results to float32, which is exact for each of these. */
  readonly host: (...operands: number[]) => number;
  /** WebAssembly that leaves the result on the stack, given what puts each operand there. None: of numbers alone. */
  readonly code?: (...operands: (readonly number[])[]) => readonly number[];
}

/** An instruction of WebAssembly's vectors of four float32; codes beyond 127 take two bytes. */
const vector = (code: number) => (code < 0x80 ? [0xfd, code] : [0xfd, (code & 0x7f) | 0x80, code >> 7]);
const [notEqual, bitselect, least, most] = [0x42, 0x52, 0xe8, 0xe9].map(vector);
const zero = [...vector(0x0c), ...new Array<number>(16).fill(0)];
/** Operands one after the other, then one instruction. */
const plain =
  (code: number): Operation["code"] =>
  (...operands) => [...operands.flat(), ...vector(code)];

/** Operators by their ONNX names. */
export const operations: Readonly<Record<string, Operation | undefined>> = {
  Add: { host: (a, b) => a + b, code: plain(0xe4) },
  Sub: { host: (a, b) => a - b, code: plain(0xe5) },
  Mul: { host: (a, b) => a * b, code: plain(0xe6) },
  Div: { host: (a, b) => a / b, code: plain(0xe7) },
  Neg: { host: (a) => -a, code: plain(0xe1) },
  Sqrt: { host: Math.sqrt, code: plain(0xe3) },
  Min: { host: Math.min, code: (a, b) => [...a, ...b, ...least] },
  Max: { host: Math.max, code: (a, b) => [...a, ...b, ...most] },
  Clip: {
    host: (x, min, max) => Math.min(Math.max(x, min), max),
    code: (x, min, max) => [...x, ...min, ...most, ...max, ...least],
  },
  Greater: { host: (a, b) => (a > b ? 1 : 0) },
  Where: {
    host: (condition, a, b) => (condition === 0 ? b : a),
    code: (condition, a, b) => [...a, ...b, ...condition, ...zero, ...notEqual, ...bitselect],
  },
};

/** A module with the functions `kernel0`, `kernel1` …, which take the bytes of a piece that they work on, and the memory `env.memory`. */
export function kernelModule(kernels: readonly Kernel[]): Uint8Array<ArrayBuffer> {
  const signature = [0x60, 1, 0x7f, 0];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list([signature])),
    ...section(2, list([[...text("env"), ...text("memory"), 0x02, 0x00, 0]])),
    ...section(3, list(kernels.map(() => [0]))),
    ...section(7, list(kernels.map((_, i) => [...text(`kernel${i}`), 0x00, ...unsigned(i)]))),
    ...section(10, list(kernels.map((kernel) => sized(body(kernel))))),
  ]);
}

/** Local 0: bytes of the piece; 1: where it is; then scalars, what is read, what is computed. */
function body(kernel: Kernel): number[] {
  const { reads, scalars, computed, writes } = kernel;
  const starts = { scalar: 2, read: 2 + scalars, computed: 2 + scalars + reads };
  const get = (local: number) => [0x20, ...unsigned(local)];
  const set = (local: number) => [0x21, ...unsigned(local)];
  const push = ({ kind, index }: Operand) => get(starts[kind] + index);
  const address = (alignment: number, offset: number) => [alignment, ...unsigned(offset)];
  const range = (length: number) => Array.from({ length }, (_, i) => i);

  const splat = (i: number) => {
    const from = scalarOffset(kernel) + 4 * i;
    return [0x41, 0, ...vector(0x09), ...address(2, from), ...set(starts.scalar + i)];
  };
  const load = (i: number) => [...get(1), ...vector(0x00), ...address(4, pieceOffset(i)), ...set(starts.read + i)];
  const compute = ({ op, operands }: Kernel["computed"][number], i: number) => [
    ...operations[op]!.code!(...operands.map(push)),
    ...set(starts.computed + i),
  ];
  const store = (operand: Operand, i: number) => {
    const to = pieceOffset(reads + i);
    return [...get(1), ...push(operand), ...vector(0x0b), ...address(4, to)];
  };
  const next = [...get(1), 0x41, 16, 0x6a, 0x22, 1]; // place += 16, left on the stack
  const again = [...get(0), 0x49, 0x0d, 0]; // branch to the loop's start while place < bytes
  return [
    ...list([
      [1, 0x7f],
      [...unsigned(scalars + reads + computed.length), 0x7b],
    ]),
    ...range(scalars).flatMap(splat),
    ...[0x03, 0x40], // loop
    ...range(reads).flatMap(load),
    ...computed.flatMap(compute),
    ...writes.flatMap(store),
    ...next,
    ...again,
    ...[0x0b, 0x0b], // the ends of loop and function
  ];
}

// How WebAssembly writes numbers, text and lists.
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
const sized = (bytes: readonly number[]) => [...unsigned(bytes.length), ...bytes];
const text = (letters: string) => sized([...new TextEncoder().encode(letters)]);
const list = (items: readonly (readonly number[])[]) => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: readonly number[]) => [id, ...sized(content)];
