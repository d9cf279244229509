/** Finds where the stages of a foreign encoder end. */
import type { Tensor } from "../graph/tensor.ts";
import type { GraphProto, NodeProto } from "../onnx/wire.ts";
import { layoutOf, type MapLayout, type Pictures } from "./onnx-maps.ts";

export interface FoundFeature {
  /** Name of the tensor. */
  readonly name: string;
  readonly layout: MapLayout;
}

/** Strides that are looked for; 14 is that of some vision transformers. */
const strides = [1, 2, 4, 8, 14, 16, 32] as const;

/** A tensor on a way of floats from the image. */
interface Step {
  readonly name: string;
  readonly node: NodeProto;
  readonly before: readonly Step[];
  readonly layout: MapLayout | null;
  /** Largest stride of a map on the way here, this one included. */
  readonly depth: number;
  readonly after: Step[];
}

/**
 * For each stride, the largest first: what ends its last block before the resolution falls, through which everything
 * goes that comes after; tensors that were enlarged again (decoders) do not count.
 *
 * tensors: all that can be read, for `pictures`; `usable` of them can be features.
 */
export function findFeatures(
  graph: GraphProto,
  image: string,
  tensors: ReadonlyMap<string, Tensor>,
  pictures: Pictures,
  usable: (name: string) => boolean = () => true,
): FoundFeature[] {
  const steps = stepsOf(graph, image, tensors, pictures);
  const depths = [...new Set(steps.map(({ depth }) => depth))].filter((depth) => depth > 1).sort((a, b) => a - b);
  let channels = 0;
  return depths.flatMap((depth) => {
    const stage = steps.filter((step) => step.depth === depth);
    const isMap = ({ name, layout }: Step) => layout?.stride === depth && usable(name);
    const leaving = stage.filter((step) => step.after.some((next) => next.depth > depth));
    const enlarged = stage.filter(
      (step) => isMap(step) && step.after.some(({ layout }) => layout !== null && layout.stride < depth),
    );
    const ends = [leaving, enlarged, stage.filter(({ after }) => after.length === 0)].find((list) => list.length > 0)!;
    const cuts = sharedWay(stage, ends).filter(isMap);
    const candidates = cuts.length > 0 ? cuts : stage.filter((step) => isMap(step) && isBefore(step, ends)).slice(-1);
    const chosen = candidates.length === 0 ? undefined : chosenOf(candidates, ends, channels);
    if (chosen !== undefined) channels = channelsOf(chosen);
    return chosen === undefined ? [] : [{ name: chosen.name, layout: chosen.layout! }];
  });

  /** narrower: channels of the stage before. */
  function chosenOf(cuts: readonly Step[], ends: readonly Step[], narrower: number): Step {
    const goesOn = ends.some(({ after }) => after.length > 0);
    if (!goesOn) return cuts.findLast(({ node }) => !movements.has(node.op_type ?? "")) ?? cuts[cuts.length - 1];
    const ended = cuts.filter(({ node, before }) => !isLinear(node, before));
    const deeper = ends.some((end) => end.after.some((next) => next.depth > end.depth));
    if (!deeper) {
      // A decoder begins with a convolution that brings all stages to one width, less than stages have by themselves.
      const width = Math.max(narrower, ...cuts.filter(joins).map(channelsOf));
      return ended.findLast((step) => channelsOf(step) >= width) ?? ended.at(-1) ?? cuts[cuts.length - 1];
    }
    let place = cuts.findLastIndex(joins);
    // What a block ends in is the activation behind its sum.
    while (place >= 0 && place + 1 < cuts.length && activates(cuts[place + 1], cuts[place])) place++;
    return cuts[place] ?? ended.at(-1) ?? cuts[cuts.length - 1];
  }

  function channelsOf({ name, layout }: Step): number {
    const { shape } = tensors.get(name)!;
    return shape[layout?.kind === "channelsFirst" ? 1 : shape.length - 1];
  }
}

const wholeNumbers = new Set(["int64", "int32", "bool"]);

function stepsOf(
  graph: GraphProto,
  image: string,
  tensors: ReadonlyMap<string, Tensor>,
  pictures: Pictures,
): readonly Step[] {
  const start: Step = { name: image, node: {}, before: [], layout: null, depth: 1, after: [] };
  const steps = new Map([[image, start]]);
  const looked = new Set<Step>();
  for (const node of graph.node ?? []) {
    const all = [...new Set(node.input)].flatMap((name) => steps.get(name) ?? []);
    // Attention is a map of what asks; what is looked at may be of a lower resolution, and is another way.
    const before = node.op_type === "MatMul" ? all.slice(0, 1) : all;
    for (const each of all.slice(before.length)) looked.add(each);
    if (before.length === 0) continue;
    for (const name of node.output ?? []) {
      const tensor = tensors.get(name);
      // Sizes that are computed from the image's are no way that features go.
      if (tensor === undefined || wholeNumbers.has(tensor.dtype)) continue;
      const reached = Math.max(...before.map(({ depth }) => depth));
      const found = layoutOf(tensor.shape, pictures, tensor.shape.length === 3 ? [reached] : strides);
      const depth = Math.max(reached, found?.stride ?? 1);
      const step: Step = { name, node, before, layout: found, depth, after: [] };
      steps.set(name, step);
      for (const each of before) each.after.push(step);
    }
  }
  steps.delete(image);
  const list = [...steps.values()];
  // Ways that end in being looked at lead nowhere else.
  const goesOn = new Map<Step, boolean>();
  for (const step of list.toReversed()) {
    goesOn.set(step, step.after.length === 0 ? !looked.has(step) : step.after.some((next) => goesOn.get(next)));
  }
  const isOn = (step: Step) => goesOn.get(step) === true;
  return list.filter(isOn).map((step) => {
    step.after.splice(0, step.after.length, ...step.after.filter(isOn));
    return step;
  });
}

/**
 * What every way through `stage` (in order) to one of `ends` goes through: the chain of dominators that `ends` have in
 * common (Cooper, Harvey and Kennedy 2001; one pass, since the graph has no circles).
 */
function sharedWay(stage: readonly Step[], ends: readonly Step[]): Step[] {
  const inside = new Set(stage);
  // From a step to the last one that all ways to it go through, and how many there are; null where the stage begins.
  const above = new Map<Step, { readonly step: Step | null; readonly count: number }>();
  const common = (a: Step | null, b: Step | null): Step | null => {
    let [left, right] = [a, b];
    while (left !== right) {
      if (left === null || right === null) return null;
      if (above.get(left)!.count >= above.get(right)!.count) left = above.get(left)!.step;
      else right = above.get(right)!.step;
    }
    return left;
  };
  const commonOf = (list: readonly Step[]) => list.slice(1).reduce<Step | null>(common, list[0] ?? null);
  for (const step of stage) {
    const enters = step.before.length === 0 || step.before.some((each) => !inside.has(each));
    const last = enters ? null : commonOf(step.before);
    above.set(step, { step: last, count: last === null ? 0 : above.get(last)!.count + 1 });
  }
  const way: Step[] = [];
  for (let step = commonOf(ends); step !== null; step = above.get(step)!.step) way.unshift(step);
  return way;
}

function isBefore(step: Step, ends: readonly Step[]): boolean {
  const seen = new Set<Step>(ends);
  for (const each of seen) for (const earlier of each.before) if (earlier.depth === step.depth) seen.add(earlier);
  return seen.has(step);
}

const movements = new Set(
  "Transpose Reshape Squeeze Unsqueeze Flatten Identity Cast Dropout Slice Gather Split Pad".split(" "),
);
const linear = new Set("Conv ConvTranspose BatchNormalization MatMul Gemm AveragePool".split(" "));
const sums = new Set(["Add", "Sum", "Concat"]);
const activations = new Set(
  "Relu Clip LeakyRelu PRelu Elu Selu Gelu Mish HardSwish Softplus Tanh Sigmoid QuickGelu Min".split(" "),
);

/** A sum or a concatenation of ways, as blocks end in. */
function joins({ node, before }: Step): boolean {
  return sums.has(node.op_type ?? "") && before.length > 1;
}

/** A part of a convolution or of a product, or a movement: nothing ends with it. */
function isLinear({ op_type = "" }: NodeProto, before: readonly Step[]): boolean {
  const bias = op_type === "Add" && before.length === 1;
  return bias || linear.has(op_type) || movements.has(op_type);
}

function activates({ node: { op_type = "" }, before }: Step, what: Step): boolean {
  const gated = op_type === "Mul" && before.length > 1; // x · sigmoid(x)
  return before.includes(what) && (gated || (activations.has(op_type) && before.length === 1));
}
