/** The engine in the calling thread, on either ONNX Runtime package. */
import { allocate } from "../array/dtype.ts";
import type { Named, NdArray } from "../array/ndarray.ts";
import { type Shape, sameShape, show, sizeOf } from "../array/shape.ts";
import { InputError } from "../errors.ts";
import { input, node } from "../graph/tensor.ts";
import { writeModel } from "../onnx/write.ts";
import type { Backend, Session, ValueType } from "./backend.ts";
import { detectConvBlock } from "./conv-block.ts";
import { copyOf } from "./copy.ts";
import { elementwiseSession } from "./elementwise-session.ts";
import type { Device, Engine, EngineOptions, Program, ProgramOptions, ProgramSource } from "./engine.ts";
import { readMetadata } from "./metadata.ts";
import { Store } from "./store.ts";

export interface LocalEngineOptions extends EngineOptions {
  /** Bytes of a model file from `offset`, to look for metadata; without it, models given as files have none. */
  readonly readRange?: (file: string, offset: number, length: number) => Uint8Array;
}

/** Throws InputError when the device cannot be had. */
export async function openLocalEngine(
  backend: Backend,
  { device = "cpu", threads = 0, readRange }: LocalEngineOptions = {},
): Promise<Engine> {
  const store = new Store(backend.fillsFetches);
  const programs = new Set<Program>();
  const convBlock = device === "cpu" ? await detectConvBlock(backend) : 0;
  if (device !== "cpu") await tryDevice(backend, device, threads);
  let closed = false;

  // Runs and changes of the store take their turns, so a run sees the store as it was when it was asked for.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(act: () => Promise<T> | T): Promise<T> => {
    const result = last.then(() => {
      if (closed) throw new Error("engine: it is closed. Open another one.");
      return act();
    });
    last = result.catch(() => {});
    return result;
  };

  return {
    device,
    convBlock,
    load: (source, variables, options = {}) =>
      inTurn(async () => {
        const { use = "inference" } = options;
        const session =
          "loops" in source
            ? elementwiseSession(source)
            : await backend.create(source instanceof Uint8Array ? source : source.file, { device, threads, use });
        const metadata = metadataOf(source, readRange);
        const program = makeProgram(session, { store, inTurn, variables, options, metadata, backend });
        programs.add(program);
        return { ...program, release: () => (programs.delete(program) ? program.release() : Promise.resolve()) };
      }),
    put: (values) => inTurn(() => store.put(values)),
    get: (names) =>
      inTurn(() =>
        Object.fromEntries(
          (names ?? store.names()).map((name) => {
            const array = store.read(name);
            if (array === undefined) throw new Error(`store: there is no "${name}".`);
            return [name, copyOf(array)];
          }),
        ),
      ),
    drop: (names) => inTurn(() => store.drop(names)),
    close: async () => {
      if (closed) return;
      await last;
      for (const program of programs) await program.release();
      programs.clear();
      store.drop(store.names());
      closed = true;
    },
  };
}

function metadataOf(source: ProgramSource, readRange: LocalEngineOptions["readRange"]): Named<string> {
  if (source instanceof Uint8Array) {
    return readMetadata((offset, length) => source.subarray(offset, offset + length), source.length);
  }
  if (!("file" in source) || readRange === undefined) return {};
  return readMetadata((offset, length) => readRange(source.file, offset, length));
}

/** Whether a device can be had shows when a graph is loaded there; better now than after minutes of preparation. */
async function tryDevice(backend: Backend, device: Device, threads: number): Promise<void> {
  const x = input("x", [1]);
  const y = node("Neg", [x], { gradient: null, output: x });
  const session = await backend.create(writeModel({ outputs: { y } }).bytes, { device, threads, use: "inference" });
  await session.release();
}

interface ProgramParts {
  readonly store: Store;
  readonly inTurn: <T>(act: () => Promise<T>) => Promise<T>;
  readonly variables: readonly string[];
  readonly options: ProgramOptions;
  readonly metadata: Named<string>;
  readonly backend: Backend;
}

function makeProgram(session: Session, parts: ProgramParts): Program {
  const { store, inTurn, options, metadata, backend } = parts;
  const { writes = {}, reads = {}, shapes = {}, commitIf } = options;
  const variables = new Set(parts.variables);
  const inPlace = new Set(options.inPlace);
  const inputShapes = new Map(session.inputs.map(({ name, shape }) => [name, shape]));
  const readEntries = new Set([...variables].map((name) => reads[name] ?? name));
  const outputTypes = new Map(session.outputs.map((type) => [type.name, type]));
  for (const name of variables)
    if (!inputShapes.has(name)) throw new Error(`program: the graph has no input "${name}".`);
  for (const name of [...Object.keys(writes), ...(commitIf === undefined ? [] : [commitIf])]) {
    if (!outputTypes.has(name)) throw new Error(`program: the graph has no output "${name}".`);
  }
  for (const name of inPlace) {
    if (!(name in writes)) throw new Error(`program: "${name}" is not written, so it cannot be in place.`);
  }
  const fed = session.inputs.filter(({ name }) => !variables.has(name));
  const returned = session.outputs.map(({ name }) => name).filter((name) => !(name in writes));

  /** Where the package writes into given arrays, results go into memory that we chose; otherwise it makes its own. */
  const fresh = (type: ValueType): NdArray | null =>
    backend.fillsFetches && type.shape.every((size) => size >= 0)
      ? { dtype: type.dtype, shape: type.shape, data: allocate(type.dtype, sizeOf(type.shape)) }
      : null;

  return {
    inputs: fed,
    outputs: session.outputs.map(({ name }) => name),
    metadata,
    run: (feeds, { fetch = returned } = {}) =>
      inTurn(async () => {
        const given: Record<string, NdArray> = {};
        for (const type of fed) given[type.name] = checkFeed(feeds[type.name], type);
        for (const name of variables) {
          const entry = reads[name] ?? name;
          const array = store.read(entry);
          if (array === undefined)
            throw new Error(`program: variable "${entry}" has no value. Put it into the store first.`);
          given[name] = entry === name ? array : inShape(array, inputShapes.get(name)!);
        }

        const fetches: Record<string, NdArray | null> = {};
        for (const name of fetch) {
          const type = outputTypes.get(name);
          if (type === undefined) throw new Error(`program: the graph has no output "${name}".`);
          fetches[name] = fresh(type);
        }
        if (commitIf !== undefined) fetches[commitIf] ??= fresh(outputTypes.get(commitIf)!);
        const rooms = new Map<string, NdArray>();
        for (const [output, name] of Object.entries(writes)) {
          const type = outputTypes.get(output)!;
          const kept = { ...type, shape: shapes[output] ?? type.shape };
          const over = inPlace.has(output) || (commitIf === undefined && !readEntries.has(name));
          const room = store.target(name, kept, over) ?? fresh(kept);
          if (room !== null) rooms.set(output, room);
          fetches[output] = room === null ? null : inShape(room, type.shape);
        }

        const results = await session.run(given, fetches);
        const commit = commitIf === undefined || allFinite(results[commitIf]);
        for (const [output, name] of Object.entries(writes)) {
          const [asked, filled] = [fetches[output], results[output]];
          const result = filled === asked ? rooms.get(output)! : inShape(filled, shapes[output] ?? filled.shape);
          if (commit || inPlace.has(output)) store.commit(name, result);
          else store.keepSpare(name, result);
        }
        return Object.fromEntries(fetch.map((name) => [name, name in writes ? copyOf(results[name]) : results[name]]));
      }),
    release: () => session.release(),
  };
}

function checkFeed(array: NdArray | undefined, { name, dtype, shape }: ValueType): NdArray {
  const expected = `${dtype} ${show(shape)}`;
  if (array === undefined) throw new InputError(`input ${name}: expected ${expected}, got nothing. Feed it.`);
  const fits =
    array.dtype === dtype &&
    array.shape.length === shape.length &&
    shape.every((size, axis) => size < 0 || size === array.shape[axis]);
  if (!fits || array.data.length !== sizeOf(array.shape)) {
    const got = `${array.dtype} ${show(array.shape)} of ${array.data.length} elements`;
    throw new InputError(`input ${name}: expected ${expected}, got ${got}. Feed an array of the graph's type.`);
  }
  return array;
}

const looks = new WeakMap<NdArray, NdArray[]>();

/** The same numbers in another shape, one array for each, since wrapping arrays for ONNX Runtime takes time. */
function inShape(array: NdArray, shape: Shape): NdArray {
  if (sameShape(array.shape, shape)) return array;
  if (sizeOf(shape) !== array.data.length) {
    throw new Error(`program: expected ${array.data.length} numbers as ${show(shape)}.`);
  }
  const others = looks.get(array) ?? [];
  let other = others.find((each) => sameShape(each.shape, shape));
  if (other === undefined) {
    other = { ...array, shape };
    looks.set(array, [...others, other]);
  }
  return other;
}

function allFinite({ data }: NdArray): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(Number(data[i]))) return false;
  return true;
}
