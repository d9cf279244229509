/** Models written for some samples of each input, made to take any number of them. */
import type { Named } from "../array/ndarray.ts";
import { fromNumbers } from "../array/ndarray.ts";
import { freeSizes, type Tensors } from "./free-sizes.ts";
import { readProto } from "./read.ts";
import { dependents } from "./subgraph.ts";
import { tensorProto } from "./tensor-proto.ts";
import {
  attributeType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from "./wire.ts";
import { writtenOpset } from "./write.ts";

/** Of each axis its name, or null where its size stays: `["batch", null]`. Axes of one name have one size. */
export type AxisNames = readonly (string | null)[];

export interface OpenAxesOptions {
  /** By input. */
  readonly inputs: Named<AxisNames>;
  /** By output. */
  readonly outputs: Named<AxisNames>;
  /**
   * An input's axis whose size is shortened to that of what is fed: where its tensors meet constants that are as long (a table of
   * positions, a mask), these are cut to their first ones. Default: only numbers of samples are open.
   */
  readonly shortened?: { readonly input: string; readonly axis: number };
  /** Sizes that the result is tried with, by the names of the axes: a graph that has mixed them is refused. */
  readonly tried: Named<number>;
}

/**
 * model: as `writeModel` makes it, for another number of samples of each input, none of them 1: axes of size 1 can be taken for
 * others. Throws where the graph cannot be one for the sizes that are tried.
 */
export function openAxes(model: ModelProto, { inputs, outputs, shortened, tried }: OpenAxesOptions): ModelProto {
  const own = readProto(model).tensors;
  const [first, ...others] = Object.keys(inputs);
  const shape = own.get(first)!.shape;
  const image = {
    name: first,
    shape,
    axes: [shape.length - 2, shape.length - 1],
    opset: writtenOpset,
    others,
  } as const;
  const free = freeSizes(model.graph!, image, own);
  const cut = shortened === undefined ? free.graph : cutConstants(free.graph, own, shortened);
  const opened: ModelProto = {
    ...model,
    graph: {
      ...cut,
      // What was written of them holds for the one size.
      value_info: [],
      input: (cut.input ?? []).map((info) => renamed(info, inputs)),
      output: (cut.output ?? []).map((info) => renamed(info, outputs)),
    },
  };
  const { tensors, outputs: found } = readProto(opened, { sizes: tried });
  const mixed = free.mixed(tensors);
  if (mixed !== null) throw new Error(`open-axes: ${mixed} is for one size alone.`);
  for (const [name, axes] of Object.entries(outputs)) {
    const expected = own.get(name)!.shape.map((size, axis) => tried[axes[axis] ?? ""] ?? size);
    if (String(found[name].shape) === String(expected)) continue;
    throw new Error(`open-axes: ${name} is [${found[name].shape}] where [${expected}] was to be.`);
  }
  return opened;
}

/** Operators that put constants beside what is fed, element by element. */
const elementwise = new Set(["Add", "Sub", "Mul", "Div", "Where"]);

/** Constants that are as long as an input's axis are cut to what they meet. */
function cutConstants(
  graph: GraphProto,
  own: Tensors,
  { input, axis }: NonNullable<OpenAxesOptions["shortened"]>,
): GraphProto {
  const moving = dependents(graph, [input]);
  const length = own.get(input)!.shape[axis];
  const initializer: TensorProto[] = [...(graph.initializer ?? [])];
  const list = (value: number): string => {
    const name = `cut/${value}`;
    if (!initializer.some((each) => each.name === name)) {
      initializer.push(tensorProto(fromNumbers("int64", [1], [value]), name));
    }
    return name;
  };
  const node = (graph.node ?? []).flatMap((each): NodeProto[] => {
    const { input: given = [], op_type = "" } = each;
    const partner = given.find((name) => moving.has(name));
    const partnerShape = partner === undefined ? undefined : own.get(partner)?.shape;
    if (!elementwise.has(op_type) || partner === undefined || partnerShape === undefined) return [each];
    const added: NodeProto[] = [];
    const cut = given.map((name, place) => {
      const shape = moving.has(name) ? undefined : own.get(name)?.shape;
      if (shape === undefined) return name;
      return shape.reduce((before, size, k) => {
        // Axes are counted from the last, as broadcasting does it.
        const beside = partnerShape.length - shape.length + k;
        if (size !== length || size === 1 || partnerShape[beside] !== size) return before;
        const base = `cut/${each.name}/${place}/${k}`;
        added.push(
          { op_type: "Shape", name: `${base}/shape`, input: [partner], output: [`${base}/shape`] },
          {
            ...{
              op_type: "Gather",
              name: `${base}/size`,
              input: [`${base}/shape`, list(beside)],
              output: [`${base}/size`],
            },
            attribute: [{ name: "axis", type: attributeType.int, i: 0 }],
          },
          {
            ...{ op_type: "Slice", name: `${base}/slice`, output: [`${base}/slice`] },
            input: [before, list(0), `${base}/size`, list(k)],
          },
        );
        return `${base}/slice`;
      }, name);
    });
    return [...added, { ...each, input: cut }];
  });
  return { ...graph, node, initializer };
}

function renamed(info: ValueInfoProto, names: Named<AxisNames>): ValueInfoProto {
  const axes = Object.hasOwn(names, info.name ?? "") ? names[info.name ?? ""] : [];
  const type = info.type?.tensor_type;
  const dim = type?.shape?.dim?.map((size, axis) => {
    const name = axes[axis] ?? null;
    return name === null ? size : { dim_param: name };
  });
  return { ...info, type: { tensor_type: { ...type, shape: { dim } } } };
}
