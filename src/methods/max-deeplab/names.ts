/** Names and layouts of the authors' TensorFlow variables as ours: attribute paths, channels last. */
import type { NdArray } from "../../array/ndarray.ts";
import { sizeOf } from "../../array/shape.ts";
import { transposed } from "../../array/strided.ts";

/** What a variable is called at the end of its path. */
const leaves: Readonly<Record<string, string>> = {
  kernel: "weight",
  depthwise_kernel: "weight",
  gamma: "weight",
  beta: "bias",
  moving_mean: "running_mean",
  moving_variance: "running_var",
  qkv_kernel: "qkv.weight",
};

/**
 * Our name of the authors' variable, such as `backbone.stage2.block1.conv1.norm.weight` of
 * `encoder/_stage2/_block1/_conv1_bn_act/_batch_norm/gamma`. Every part of a path is ours in camel case, without what says that a
 * convolution is normalized and rectified.
 */
export function ourName(theirs: string): string {
  const path = theirs.split("/");
  const leaf = path.pop()!;
  const own = [...path.map(part), leaves[leaf] ?? part(leaf)].join(".");
  return added.test(theirs) ? own : own.replace(/^encoder\./, "backbone.");
}

/** Of the encoder, what is not pretrained on ImageNet: it is a part of its own. */
const added = /transformer|extra|memory_feature/;

/** What is pretrained on ImageNet. */
export function isBackbone(parameter: string): boolean {
  return parameter.startsWith("backbone.");
}

function part(theirs: string): string {
  const plain = theirs
    .replace(/^_/, "")
    .replace(/_bn(_act)?(\d*)$/, "$2")
    .replace(/^depthwise_conv$/, "conv")
    .replace(/batch_norm/, "norm");
  return plain.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** How a variable is laid out as ours: first its axes in another order, then as this shape. */
interface Layout {
  readonly axes: readonly number[];
  readonly shape: readonly number[];
}

/** Kernels have their outputs in front; norms of several axes are one vector. */
function layoutOf(theirs: string, shape: readonly number[]): Layout {
  const name = theirs.slice(theirs.lastIndexOf("/") + 1);
  const ordered = (axes: readonly number[], ...more: readonly number[]): Layout => ({
    axes,
    shape: [...axes.map((axis) => shape[axis]), ...more],
  });
  if (name === "depthwise_kernel" && shape.length === 4) return ordered([2, 3, 0, 1]);
  if (name === "kernel" && shape.length === 4) return ordered([3, 2, 0, 1]);
  // Dense layers are convolutions of one tap along the slots.
  if (name === "kernel" && shape.length === 3) return ordered([2, 1, 0], 1);
  if (name === "qkv_kernel" && shape.length === 2) return ordered([1, 0], 1, 1);
  const ofNorm = ["gamma", "beta", "moving_mean", "moving_variance"].includes(name);
  return { axes: shape.map((_, axis) => axis), shape: ofNorm ? [sizeOf(shape)] : shape };
}

/** The shape that a variable has as ours. */
export function ourShape(theirs: string, shape: readonly number[]): readonly number[] {
  return layoutOf(theirs, shape).shape;
}

/** A variable in our layout. */
export function ourTensor(theirs: string, array: NdArray): NdArray {
  const { axes, shape } = layoutOf(theirs, array.shape);
  return { ...transposed(array, axes), shape };
}
