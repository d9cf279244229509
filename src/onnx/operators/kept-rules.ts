/** What ONNX Runtime's kernels need of operators that are kept as they are, beyond what their signature says. */
import { toNumbers } from "../../array/ndarray.ts";
import { show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { type Attribute, constantValue, type Tensor, type TensorType } from "../../graph/tensor.ts";

export interface KeptNode {
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** null for those that the file leaves out. */
  readonly outputs: readonly (TensorType | null)[];
  readonly where: string;
}

/** Throws InputError for what the runtime would refuse, compute differently from ONNX, or not survive. */
export function checkKept(op: string, node: KeptNode): void {
  if (Object.hasOwn(rules, op)) rules[op](node);
}

type Rule = (node: KeptNode) => void;

/** Blocks of pixels and channels must come out even. */
function depthToSpace({ inputs: [x], attributes: { blocksize }, where }: KeptNode): void {
  const block = blocksize as number;
  expectThat(where, x!.shape.length === 4 && x!.shape[1] % (block * block) === 0, `[B, C · ${block}², H, W]`, x!);
}

function spaceToDepth({ inputs: [x], attributes: { blocksize }, where }: KeptNode): void {
  const block = blocksize as number;
  const even = x!.shape.length === 4 && x!.shape[2] % block === 0 && x!.shape[3] % block === 0;
  expectThat(where, even, `[B, C, H · ${block}, W · ${block}]`, x!);
}

function expectThat(where: string, holds: boolean, expected: string, { shape }: Tensor): void {
  if (!holds)
    throw new InputError(`${where}: expected an input ${expected}, got ${show(shape)}. Export the model again.`);
}

function recurrent({ attributes: { layout = 0 }, where }: KeptNode): void {
  if (layout !== 0) {
    throw new InputError(
      `${where}: expected layout 0, got ${layout}, which ONNX Runtime does not have. Export with time first.`,
    );
  }
}

/** With corners aligned, the runtime measures from the rounded size, ONNX from the exact one. */
function resize({ inputs: [x, , scales], attributes, where }: KeptNode): void {
  if (attributes.coordinate_transformation_mode !== "align_corners" || scales == null) return;
  const value = constantValue(scales);
  const axes = Array.isArray(attributes.axes)
    ? (attributes.axes as readonly number[])
    : x!.shape.map((_, axis) => axis);
  const exact = value === null ? [] : toNumbers(value).map((scale, i) => scale * (x!.shape.at(axes[i]) ?? 0));
  if (value === null || exact.some((size) => Math.abs(size - Math.round(size)) > 1e-3)) {
    throw new InputError(
      `${where}: expected scales that give whole sizes where corners are aligned, got ${show(exact)}. Export the model with sizes.`,
    );
  }
}

/** The indices belong to the output's own size; the runtime takes them for another one. */
function maxUnpool({ inputs: [, , size], where }: KeptNode): void {
  if (size != null) {
    throw new InputError(
      `${where}: expected no output_shape, got one, with which ONNX Runtime puts numbers elsewhere. Export the model without it.`,
    );
  }
}

const rules: Readonly<Record<string, Rule>> = {
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  GRU: recurrent,
  LSTM: recurrent,
  RNN: recurrent,
  MaxUnpool: maxUnpool,
  Resize: resize,
};
