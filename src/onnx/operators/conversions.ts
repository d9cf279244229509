/** Operators that older or newer operator sets define differently from the one in which models are written. */
import { onnxTypes } from "../../array/dtype.ts";
import { float32, fromNumbers } from "../../array/ndarray.ts";
import { normalizeAxis, show } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import { type Attribute, constant, type Tensor } from "../../graph/tensor.ts";
import * as ops from "../../ops/index.ts";
import { attributesOf, keep } from "../keep.ts";
import type { Reader, Reading } from "../reading.ts";
import { flattened } from "./flattened.ts";

/** Up to operator set 12 over all axes from `axis` on, taken together, as `Softmax`. */
function hardmax(r: Reading): readonly Tensor[] | null {
  if (r.opset >= 13) return null;
  const x = r.input(0);
  const flat = flattened(x, normalizeAxis(r.where, r.integer("axis", 1), x.shape.length));
  const [y] = keep(r, { inputs: [flat], attributes: { axis: 1 }, outputs: [flat] });
  return [ops.reshape(y, x.shape)];
}

/** Boxes were not shifted by half a pixel before operator set 16. */
function roiAlign(r: Reading): readonly Tensor[] | null {
  if (r.opset >= 16) return null;
  return keep(r, { attributes: { ...attributesOf(r), coordinate_transformation_mode: "output_half_pixel" } });
}

/** The axis is an input since operator set 20, and by default another one. */
function dft(r: Reading): readonly Tensor[] | null {
  if (r.opset >= 20) return null;
  const x = r.input(0);
  const along = normalizeAxis(r.where, r.integer("axis", 1), x.shape.length);
  if (along === x.shape.length - 1) {
    throw new InputError(
      `${r.where}: expected an axis before the last, which holds real and imaginary parts, got ${along}. The file is damaged.`,
    );
  }
  const axis = constant(fromNumbers("int64", [], [along]));
  const { axis: _, ...attributes } = attributesOf(r);
  return keep(r, { inputs: [x, r.optional(1) ?? null, axis], attributes });
}

const newModes: Readonly<Record<string, string>> = { bilinear: "linear", bicubic: "cubic" };

/** Operator set 20 takes any number of axes and names the modes anew. */
function gridSample(r: Reading): readonly Tensor[] | null {
  if (r.opset >= 20) return null;
  const mode = r.text("mode", "bilinear");
  return keep(r, { attributes: { ...attributesOf(r), mode: newModes[mode] ?? mode } });
}

/**
 * `Upsample` and the `Resize` of operator set 10 measure from the corner. On the way down, ONNX Runtime takes the next
 * pixel, on the way up the one before.
 */
function resizeByScales(r: Reading): readonly Tensor[] | null {
  if (r.op === "Resize" && r.opset >= 11) return null;
  const x = r.input(0);
  const scales = r.floats("scales") ?? r.numbers(1);
  const mode = r.text("mode", "nearest");
  const asymmetric = { mode, coordinate_transformation_mode: "asymmetric" };
  if (scales == null) {
    // Computed: only of Upsample is it known that nothing shrinks.
    if (r.op === "Upsample")
      return keep(r, {
        op: "Resize",
        inputs: [x, null, r.input(1)],
        attributes: { ...asymmetric, nearest_mode: "floor" },
      });
    throw new InputError(
      `${r.where}: expected numbers as scales, got scales that are computed. Export the model with opset 11 or newer.`,
    );
  }
  const [up, down] = [scales.some((scale) => scale > 1), scales.some((scale) => scale < 1)];
  const possible = scales.length === x.shape.length && scales.every((scale) => scale > 0);
  if (!possible || (up && down && mode === "nearest") || (down && r.op === "Upsample")) {
    throw new InputError(
      `${r.where}: expected ${x.shape.length} scales that all enlarge or all reduce, got ${show(scales)}. Export the model with opset 11 or newer.`,
    );
  }
  return keep(r, {
    op: "Resize",
    inputs: [x, null, constant(float32([scales.length], scales))],
    attributes: { ...asymmetric, nearest_mode: down ? "ceil" : "floor" },
    outputs: [{ dtype: x.dtype, shape: x.shape.map((size, axis) => Math.floor(Math.fround(size * scales[axis]))) }],
  });
}

/** Scale and bias belong to the groups before operator set 21, to the channels since. */
function groupNormalization(r: Reading): readonly Tensor[] | null {
  const [x, scale, bias] = [r.input(0), r.input(1), r.input(2)];
  const groups = r.integer("num_groups", 1);
  const channels = x.shape[1] ?? 0;
  const perChannel = (values: Tensor) =>
    r.opset >= 21 || channels % groups !== 0
      ? values
      : ops.reshape(ops.expand(ops.reshape(values, [groups, 1]), [groups, channels / groups]), [channels]);
  return [ops.groupNorm(x, perChannel(scale), perChannel(bias), { groups, epsilon: r.float("epsilon", 1e-5) })];
}

/** x / √(mean x² + ε) · scale over the axes from `axis` on. */
function rmsNormalization(r: Reading): readonly Tensor[] | null {
  const [x, scale] = [r.input(0), r.input(1)];
  const from = normalizeAxis(r.where, r.integer("axis", -1), x.shape.length);
  const axes = x.shape.map((_, axis) => axis).slice(from);
  // Half floats would overflow in the square; stash_type says which type to use, float32 unless the file says more.
  const wide = ops.cast(x, x.dtype === "float64" ? "float64" : "float32");
  const square = ops.mean(ops.square(wide), { axes, keepDims: true });
  const normal = ops.div(wide, ops.sqrt(ops.add(square, r.float("epsilon", 1e-5))));
  return [ops.mul(ops.cast(normal, scale.dtype), scale)];
}

/** Blocks, and types of the result that no zero point gives, are newer than operator set 20. */
function quantization(r: Reading): readonly Tensor[] | null {
  const [x, scale, zero] = [r.input(0), r.input(1), r.optional(2)];
  const { block_size: block = 0, output_dtype: output = 0, precision = 0, ...attributes } = attributesOf(r);
  const vector = scale.shape.length > 1 ? null : (scale.shape[0] ?? 1);
  if (block !== 0 || precision !== 0 || vector === null) {
    throw new InputError(
      `${r.where}: expected one scale for the tensor or for each entry of an axis, got blocks (scale ${show(scale.shape)}) or a precision. Export the model with opset 20.`,
    );
  }
  // With a single scale the axis says nothing, and may be one that the tensor does not have.
  const { axis = 1, ...others } = attributes;
  const along = scale.shape.length === 0 ? 0 : normalizeAxis(r.where, axis as number, Math.max(1, x.shape.length));
  if (scale.shape.length === 1 && vector !== 1 && vector !== x.shape[along]) {
    throw new InputError(
      `${r.where}: expected ${x.shape[along]} scales for axis ${along}, got ${vector}. The file is damaged.`,
    );
  }
  const kept: Record<string, Attribute> = scale.shape.length === 0 ? others : { ...others, axis: along };
  const quantizes = r.op === "QuantizeLinear";
  const result = quantizes ? (zero?.dtype ?? "uint8") : scale.dtype;
  const declared = r.types[0]?.dtype ?? result;
  if (declared !== result || (output !== 0 && output !== onnxTypes[result])) {
    throw new InputError(
      `${r.where}: expected ${result} as result, as operator set 20 gives, got another output type. Export the model with opset 20.`,
    );
  }
  // Until operator set 18 the tensor may be int32 where the scale is a float.
  const given = quantizes && x.dtype !== scale.dtype ? ops.cast(x, scale.dtype) : x;
  return keep(r, {
    inputs: [given, scale, zero ?? null],
    attributes: kept,
    outputs: [{ dtype: result, shape: x.shape }],
  });
}

/** In prediction: the input itself, and a mask that nobody needs. */
function dropout(r: Reading): readonly Tensor[] | null {
  const training = r.numbers(2);
  if (training === null || (training !== undefined && training[0] !== 0)) {
    throw new InputError(
      `${r.where}: expected dropout for prediction, got training_mode, which draws random numbers. Export the model for prediction.`,
    );
  }
  const x = r.input(0);
  if (r.outputCount < 2) return [x];
  // Before operator set 12 ONNX leaves open what the mask is, and before 10 its type is the input's; ONNX Runtime: 0.
  const mask = fromNumbers(r.opset < 10 ? x.dtype : "bool", [], [r.opset < 12 ? 0 : 1]);
  return [x, ops.expand(constant(mask), x.shape)];
}

export const conversions: Readonly<Record<string, Reader>> = {
  Hardmax: hardmax,
  RoiAlign: roiAlign,
  DFT: dft,
  GridSample: gridSample,
  Resize: resizeByScales,
  Upsample: resizeByScales,
  Scatter: (r) => keep(r, { op: "ScatterElements", outputs: [r.input(0)] }),
  GroupNormalization: groupNormalization,
  RMSNormalization: rmsNormalization,
  Swish: (r) => {
    const x = r.input(0);
    const alpha = r.float("alpha", 1);
    return [ops.mul(x, ops.sigmoid(alpha === 1 ? x : ops.mul(x, alpha)))];
  },
  QuantizeLinear: quantization,
  DequantizeLinear: quantization,
  Dropout: dropout,
};
