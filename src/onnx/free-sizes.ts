/**
 * Sizes that an exporter wrote into a graph as numbers, as far as they are those of the picture or of the batch: such a
 * graph works for one size only, although nothing else keeps it from others.
 */
import { fromNumbers, toNumbers } from "../array/ndarray.ts";
import { normalizeAxis, type Shape, sizeOf } from "../array/shape.ts";
import { constantValue, type Tensor } from "../graph/tensor.ts";
import { dependents } from "./subgraph.ts";
import { tensorProto } from "./tensor-proto.ts";
import { attributeType, type GraphProto, type NodeProto, type TensorProto, toNumber } from "./wire.ts";

/** The image, at the size that the numbers of the file are right for. */
export interface OwnImage {
  readonly name: string;
  readonly shape: Shape;
  /** Which axes are height and width. */
  readonly axes: readonly [number, number];
  /** The operator set of the file: before 9, constants cannot be made to follow. */
  readonly opset: number;
  /** Other inputs whose sizes are followed, such as texts. Default: none. */
  readonly others?: readonly string[];
}

export type Tensors = ReadonlyMap<string, Tensor>;

export interface FreeGraph {
  readonly graph: GraphProto;
  /** At another size: the first reshape, by its output, that would take elements of one axis for those of another. */
  readonly mixed: (tensors: Tensors) => string | null;
}

/**
 * The same graph with shapes that follow their input where it had numbers: targets of `Reshape`, and constants that
 * `Concat` puts beside what depends on the image (class tokens, channels of zeros). `own`: all tensors, read at the size
 * of the file.
 */
export function freeSizes(graph: GraphProto, image: OwnImage, own: Tensors): FreeGraph {
  const moving = dependents(graph, [image.name, ...(image.others ?? [])]);
  const writer = new SizeWriter();
  const baked: Regrouping[] = [];
  const filled = new Map((graph.node ?? []).map((node) => [node.output?.[0] ?? "", node]));
  const node = (graph.node ?? []).flatMap((each): NodeProto[] => {
    const [x = "", target = ""] = each.input ?? [];
    const [before, after] = [own.get(x)?.shape, own.get(each.output?.[0] ?? "")?.shape];
    if (before === undefined || after === undefined) return [each];
    if (each.op_type === "Reshape" && moving.has(x) && !moving.has(target) && sizeOf(before) > 0) {
      const wanted = constantValue(own.get(target)!);
      const given = wanted === null ? [] : toNumbers(wanted);
      const runs = runsOf(before, after, given, image);
      baked.push({ input: x, output: each.output![0], before, runs });
      return writer.before({ ...each, input: [x, writer.concat(targetOf(x, after, runs, image, writer))] });
    }
    if (each.op_type !== "Concat" || image.opset < 9) return [each];
    const beside = (each.input ?? []).find((name) => moving.has(name));
    const axis = normalizeAxis(
      "Concat",
      toNumber(each.attribute?.find(({ name }) => name === "axis")?.i),
      after.length,
    );
    if (beside === undefined || axis === 0) return [each];
    const input = each.input!.map((name) => {
      const shape = moving.has(name) ? undefined : own.get(name)?.shape;
      if (shape === undefined) return name;
      const fill = filled.get(name);
      if (fill?.op_type === "ConstantOfShape") {
        const sizes = shape.map((size, k) => (k === axis ? writer.numbers(size) : writer.size(beside, k)));
        return writer.add("ConstantOfShape", [writer.concat(sizes)], fill.attribute);
      }
      // One of it for each sample: as it is, or where the file has as many as it has samples.
      const one = fill?.op_type === "Expand" ? (fill.input?.[0] ?? name) : name;
      if (own.get(one)?.shape[0] !== 1 || own.get(one)?.shape.length !== shape.length) return name;
      const sizes = shape.map((size, k) =>
        k === 0 ? writer.size(beside, 0) : writer.numbers(one === name ? 1 : size),
      );
      return writer.add("Expand", [one, writer.concat(sizes)]);
    });
    return writer.before({ ...each, input });
  });
  return {
    graph: { ...graph, node, initializer: [...(graph.initializer ?? []), ...writer.initializers] },
    mixed: (tensors) => baked.find((each) => mixes(each, image, tensors))?.output ?? null,
  };
}

/** Axes before and after a reshape that hold the same elements. */
interface Run {
  readonly from: readonly number[];
  readonly to: readonly number[];
  /** Which size after it follows from the others; null where each is known: all but one of them are 1, or it is a map's. */
  readonly open: number | null;
  /** Whether the axes after it are the height and the width of a map, of this stride. */
  readonly stride: number | null;
  /** Whether it was open in the file. */
  readonly wasOpen: boolean;
}

interface Regrouping {
  readonly input: string;
  readonly output: string;
  readonly before: Shape;
  readonly runs: readonly Run[];
}

/** given: the target in the file, with its −1. */
function runsOf(before: Shape, after: Shape, given: readonly number[], image: OwnImage): readonly Run[] {
  const runs: Run[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    const [from, to] = [[i], [j]];
    if (i >= before.length) from.pop();
    if (j >= after.length) to.pop();
    let [a, b] = [before[i++] ?? 1, after[j++] ?? 1];
    while (a !== b) {
      if (a < b) {
        a *= before[i];
        from.push(i++);
      } else {
        b *= after[j];
        to.push(j++);
      }
    }
    const stride =
      from.length === 1 && to.length === 2
        ? strideOf(
            to.map((axis) => after[axis]),
            image,
          )
        : null;
    const chosen = to.find((axis) => given[axis] === -1);
    // Axes of size 1 stay (one head of attention, moved by a reshape); the first may be a batch of one.
    const wide = to[0] === 0 ? to : to.filter((axis) => after[axis] !== 1);
    const isKnown = stride !== null || to.length < 2 || (chosen === undefined && wide.length < 2);
    const open = isKnown ? null : (chosen ?? to[0]);
    runs.push({ from, to, open, stride, wasOpen: chosen !== undefined });
  }
  return runs;
}

function strideOf([height, width]: readonly number[], { shape, axes: [h, w] }: OwnImage): number | null {
  const stride = shape[h] / height;
  return Number.isInteger(stride) && width * stride === shape[w] ? stride : null;
}

/** The target as lists of one integer each. */
function targetOf(x: string, after: Shape, runs: readonly Run[], image: OwnImage, writer: SizeWriter): string[] {
  // Only one size may follow from the others: the one that the file leaves open, or that the batch is in.
  const open = (runs.find((run) => run.open !== null && run.wasOpen) ?? runs.find((run) => run.open !== null))?.open;
  return runs.flatMap(({ from, to, stride, open: own }) => {
    if (stride !== null) {
      return image.axes.map((axis) => writer.add("Div", [writer.size(image.name, axis), writer.numbers(stride)]));
    }
    if (own === null && from.length > 0) {
      const wide = to.find((axis) => after[axis] !== 1) ?? to[0];
      const product = () =>
        from.map((axis) => writer.size(x, axis)).reduce((all, size) => writer.add("Mul", [all, size]));
      return to.map((axis) => (axis === wide ? product() : writer.numbers(1)));
    }
    return to.map((axis) => writer.numbers(axis === open ? -1 : after[axis]));
  });
}

/** Whether sizes are not what the file means: its numbers hold for an axis that has become another one. */
function mixes({ input, output, before, runs }: Regrouping, image: OwnImage, tensors: Tensors): boolean {
  const [x, y, pictures] = [input, output, image.name].map((name) => tensors.get(name)?.shape);
  if (x === undefined || y === undefined || pictures === undefined) return false;
  const product = (shape: Shape, axes: readonly number[]) => axes.reduce((total, axis) => total * shape[axis], 1);
  return runs.some(({ from, to, open, wasOpen }) => {
    const [now, then] = [product(x, from), product(before, from)];
    if (now !== product(y, to)) return true;
    if (open === null || now === then || wasOpen) return false;
    return from[0] !== 0 || now * image.shape[0] !== then * pictures[0];
  });
}

/** Nodes that compute sizes; all are lists of int64. */
class SizeWriter {
  readonly initializers: TensorProto[] = [];
  #added: NodeProto[] = [];
  #count = 0;
  readonly #known = new Map<string, string>();

  /** The nodes that were added since the last time, and `node`, which reads them. */
  before(node: NodeProto): NodeProto[] {
    const nodes = [...this.#added, node];
    this.#added = [];
    return nodes;
  }

  add(op: string, input: readonly string[], attribute?: NodeProto["attribute"]): string {
    const name = `free/${op}_${++this.#count}`;
    this.#added.push({ op_type: op, name, input, output: [name], attribute });
    return name;
  }

  numbers(...values: readonly number[]): string {
    return this.#once(`numbers ${values}`, () => {
      const name = `free/numbers_${++this.#count}`;
      this.initializers.push(tensorProto(fromNumbers("int64", [values.length], values), name));
      return name;
    });
  }

  size(x: string, axis: number): string {
    return this.#once(`size ${axis} ${x}`, () => {
      const shape = this.#once(`shape ${x}`, () => this.add("Shape", [x]));
      const index = this.numbers(axis);
      return this.add("Gather", [shape, index], [{ name: "axis", type: attributeType.int, i: 0 }]);
    });
  }

  concat(lists: readonly string[]): string {
    return this.add("Concat", lists, [{ name: "axis", type: attributeType.int, i: 0 }]);
  }

  #once(key: string, make: () => string): string {
    const name = this.#known.get(key) ?? make();
    this.#known.set(key, name);
    return name;
  }
}
