/**
 * What ONNX Runtime's kernels need of operators that are kept as they are, beyond what their signature says. Where the
 * need is broken the runtime refuses the model, computes something else than ONNX says, or dies.
 */
import { isFloat } from "../../array/dtype.ts";
import { normalizeAxis, type Shape, show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import type { Attribute, Tensor } from "../../graph/tensor.ts";
import { constantNumbers } from "./kept-shapes.ts";
import { widestWindow } from "./layers.ts";

interface KeptNode {
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly where: string;
}

/** Throws InputError for what the runtime would refuse, compute differently from ONNX, or not survive. */
export function checkKept(op: string, node: KeptNode): void {
  if (Object.hasOwn(rules, op)) rules[op](node);
}

type Rule = (node: KeptNode) => void;

function need(holds: boolean, { where }: KeptNode, expected: string, got: string): void {
  if (!holds) throw new InputError(`${where}: expected ${expected}, got ${got}. Export the model again.`);
}

/** The shape of an input that must be there. */
function shapeOf({ inputs }: KeptNode, position: number): Shape {
  return inputs[position]!.shape;
}

/** Blocks of pixels and channels must come out even. */
function depthToSpace(node: KeptNode): void {
  const [shape, block] = [shapeOf(node, 0), node.attributes.blocksize as number];
  need(shape.length === 4 && shape[1] % (block * block) === 0, node, `[B, C · ${block}², H, W]`, show(shape));
}

function spaceToDepth(node: KeptNode): void {
  const [shape, block] = [shapeOf(node, 0), node.attributes.blocksize as number];
  const even = shape.length === 4 && shape[2] % block === 0 && shape[3] % block === 0;
  need(even, node, `[B, C, H · ${block}, W · ${block}]`, show(shape));
}

/** Lists of a sliding window have a number for each axis, or two; no padding is enormous. */
const windowed =
  (weights?: number, transposed = false): Rule =>
  (node) => {
    const { attributes } = node;
    const axes = shapeOf(node, 0).length - 2;
    need(axes >= 1, node, "axes for the window to slide along", show(shapeOf(node, 0)));
    for (const name of ["kernel_shape", "strides", "dilations", "output_padding", "pads"]) {
      const numbers = attributes[name] as readonly number[] | undefined;
      if (numbers === undefined) continue;
      const count = name === "pads" ? 2 * axes : axes;
      need(numbers.length === count, node, `${count} numbers as ${name}`, show(numbers));
      need(
        name === "kernel_shape" || Math.max(...numbers) <= widestWindow,
        node,
        `${name} of at most ${widestWindow}`,
        show(numbers),
      );
    }
    if (weights === undefined) return;
    const kernel = shapeOf(node, weights);
    need(kernel.length === axes + 2, node, `weights of ${axes + 2} axes`, show(kernel));
    const groups = (attributes.group as number | undefined) ?? 1;
    const [channels] = shapeOf(node, 0).slice(1);
    const fits = transposed ? channels === kernel[0] && channels % groups === 0 : channels === kernel[1] * groups;
    need(fits, node, `weights for ${channels} channels in ${groups} groups`, show(kernel));
    const named = (attributes.kernel_shape as readonly number[] | undefined) ?? kernel.slice(2);
    need(show(named) === show(kernel.slice(2)), node, `weights of kernel ${show(named)}`, show(kernel));
  };

/** The window must fit into the padded input, unless the padding follows from the window. */
function pool(node: KeptNode): void {
  windowed()(node);
  const { kernel_shape: kernel, pads = [], dilations = [], auto_pad: automatic = "NOTSET" } = node.attributes;
  const sizes = shapeOf(node, 0).slice(2);
  const at = (list: Attribute, i: number, otherwise: number) => (list as readonly number[])[i] ?? otherwise;
  const fits = sizes.every((size, i) => {
    const reach = (at(kernel, i, 1) - 1) * at(dilations, i, 1) + 1;
    return reach <= size + at(pads, i, 0) + at(pads, i + sizes.length, 0);
  });
  need(fits || automatic.toString().startsWith("SAME"), node, "a window that fits", `${kernel} on ${show(sizes)}`);
}

function convTranspose(node: KeptNode): void {
  windowed(1, true)(node);
  const size = node.attributes.output_shape as readonly number[] | undefined;
  const count = shapeOf(node, 0).length - 2;
  need(size === undefined || size.length === count, node, `${count} numbers as output_shape`, show(size ?? []));
}

/** Weights and recurrent weights: [directions, gates · hidden, …]. Batches first is a layout that the runtime lacks. */
const recurrent =
  (gates: number): Rule =>
  (node) => {
    const { layout = 0, direction = "forward", hidden_size: hidden } = node.attributes;
    need(layout === 0, node, "layout 0, which is all that ONNX Runtime has", `${layout}`);
    const directions = direction === "bidirectional" ? 2 : 1;
    const [x, w, r] = [0, 1, 2].map((i) => shapeOf(node, i));
    need(hidden !== undefined, node, "a hidden_size", "none");
    const size = hidden as number;
    need(x.length === 3, node, "an input [T, B, D]", show(x));
    const [expectedW, expectedR] = [x[2], size].map((width) => show([directions, gates * size, width]));
    need(show(w) === expectedW, node, `weights ${expectedW}`, show(w));
    need(show(r) === expectedR, node, `recurrent weights ${expectedR}`, show(r));
  };

/** With corners aligned, the runtime measures from the rounded size, ONNX from the exact one. */
function resize(node: KeptNode): void {
  const { inputs, attributes } = node;
  const [scales, sizes] = [inputs[2], inputs[3]].map((x) => (x == null || x.shape[0] === 0 ? null : x));
  need((scales === null) !== (sizes === null), node, "either scales or sizes", scales === null ? "neither" : "both");
  const shape = shapeOf(node, 0);
  const axes = (attributes.axes as readonly number[] | undefined) ?? shape.map((_, axis) => axis);
  const given = (scales ?? sizes)!.shape;
  need(given.length === 1 && given[0] === axes.length, node, `${axes.length} scales or sizes`, show(given));
  if (scales === null || attributes.coordinate_transformation_mode !== "align_corners") return;
  const exact = constantNumbers(scales)?.map((scale, i) => scale * shape.at(axes[i])!);
  const whole = exact?.every((size) => Math.abs(size - Math.round(size)) < 1e-3) ?? false;
  need(whole, node, "scales that give whole sizes where corners are aligned", show(exact ?? []));
}

/** The indices belong to the output's own size; the runtime takes them for another one. */
function maxUnpool(node: KeptNode): void {
  windowed()(node);
  need(node.inputs[2] == null, node, "no output_shape, with which ONNX Runtime puts numbers elsewhere", "one");
}

function reverseSequence(node: KeptNode): void {
  const { batch_axis: batch = 1, time_axis: time = 0 } = node.attributes;
  const possible = (batch === 0 && time === 1) || (batch === 1 && time === 0);
  need(possible, node, "0 and 1 as batch_axis and time_axis", `${batch} and ${time}`);
}

function oneHot(node: KeptNode): void {
  normalizeAxis(node.where, (node.attributes.axis as number | undefined) ?? -1, shapeOf(node, 0).length + 1);
  need(show(shapeOf(node, 2)) === "[2]", node, "two values: off and on", show(shapeOf(node, 2)));
}

function localResponse(node: KeptNode): void {
  const size = node.attributes.size as number;
  need(size % 2 === 1, node, "an odd size", `${size}`);
}

/** Floats take the sign of the dividend, integers have the choice. */
function modulo(node: KeptNode): void {
  const { dtype } = node.inputs[0]!;
  need(!isFloat(dtype) || node.attributes.fmod === 1, node, `fmod 1 for ${dtype}`, "0");
}

/** Statistics of the batch are outputs in training only. */
function batchNormalization(node: KeptNode): void {
  need(node.attributes.training_mode === 1, node, "one output", "running statistics without training_mode");
}

function tile(node: KeptNode): void {
  const [rank, repeats] = [shapeOf(node, 0).length, shapeOf(node, 1)];
  need(repeats.length === 1 && repeats[0] === rank, node, `${rank} repeats`, show(repeats));
}

/** One term for each input, with one letter for each of its axes. */
function einsum(node: KeptNode): void {
  const terms = (node.attributes.equation as string).replaceAll(" ", "").split("->")[0].split(",");
  need(terms.length === node.inputs.length, node, `${terms.length} inputs`, `${node.inputs.length}`);
  for (const [i, term] of terms.entries()) {
    const letters = term.replace("...", "").length;
    const [rank, free] = [shapeOf(node, i).length, term.includes("...")];
    need(free ? rank >= letters : rank === letters, node, `an input with the axes ${term}`, show(shapeOf(node, i)));
  }
}

/** Statistics and masks in float32 only. */
function stash(node: KeptNode): void {
  const { stash_type: type = 1 } = node.attributes;
  need(type === 1, node, "stash_type 1, float32", `${type}`);
}

/** Names the classes of each pixel: [B, K, …] and [B, …]. */
function classLoss(node: KeptNode): void {
  const [scores, labels] = [shapeOf(node, 0), shapeOf(node, 1)];
  const expected = show([scores[0], ...scores.slice(2)]);
  need(scores.length >= 2 && show(labels) === expected, node, `labels ${expected}`, show(labels));
  const weights = node.inputs[2]?.shape ?? [scores[1]];
  need(show(weights) === show([scores[1]]), node, `weights [${scores[1]}]`, show(weights));
}

const rules: Readonly<Record<string, Rule>> = {
  AveragePool: pool,
  BatchNormalization: batchNormalization,
  Conv: windowed(1),
  ConvInteger: windowed(1),
  ConvTranspose: convTranspose,
  DeformConv: windowed(1),
  DepthToSpace: depthToSpace,
  Einsum: einsum,
  GRU: recurrent(3),
  LRN: localResponse,
  LSTM: recurrent(4),
  LayerNormalization: stash,
  LpPool: pool,
  MaxPool: pool,
  MaxUnpool: maxUnpool,
  Mod: modulo,
  NegativeLogLikelihoodLoss: classLoss,
  OneHot: oneHot,
  QLinearConv: windowed(3),
  RNN: recurrent(1),
  Resize: resize,
  ReverseSequence: reverseSequence,
  SoftmaxCrossEntropyLoss: classLoss,
  SpaceToDepth: spaceToDepth,
  Tile: tile,
};
