/**
 * ONNX Runtime's own layout for convolutions on the CPU: channels in blocks of 8 or 16 that lie together at each pixel,
 * [B, C / block, H, W, block], with the shape [B, C, H, W] still written outside. Its operators are internal to ONNX
 * Runtime (domain `com.microsoft.nchwc`), so graphs use them only where the engine found at start that they work
 * (`Target.convBlock`), and exported models never.
 */
import { node, type Tensor } from "../../graph/tensor.ts";
import { pad, reshape, transpose } from "../index.ts";
import { type Window, windowAttributes, windowOutput } from "./window.ts";

const domain = "com.microsoft.nchwc";

/** `size` rounded up to whole blocks. */
export function wholeBlocks(size: number, block: number): number {
  return Math.ceil(size / block) * block;
}

/** x: [B, C, H, W] → blocked, with zero channels up to whole blocks. */
export function toBlocked(x: Tensor, block: number): Tensor {
  if (x.source.kind === "node" && x.source.domain === domain && x.source.op === "ReorderOutput") {
    const inner = x.source.inputs[0]!;
    if (inner.shape[1] === wholeBlocks(x.shape[1], block)) return inner;
  }
  const whole = withChannels(x, 1, wholeBlocks(x.shape[1], block));
  return node("ReorderInput", [whole], { domain, output: whole, gradient: null });
}

/** Blocked → [B, channels, H, W]. */
export function fromBlocked(x: Tensor, channels: number): Tensor {
  const [batch, , ...size] = x.shape;
  return node("ReorderOutput", [x], {
    domain,
    attributes: { channels },
    output: { dtype: x.dtype, shape: [batch, channels, ...size] },
    gradient: null,
  });
}

/**
 * Convolution of blocked tensors. x: blocked [B, C, H, W]; w: as `blockedWeight` gives it; bias: [O]; added: blocked, as
 * the result, summed to it at no cost → blocked [B, O, H′, W′].
 */
export function blockedConv(
  x: Tensor,
  w: Tensor,
  window: Window,
  { bias = null, added = null }: { bias?: Tensor | null; added?: Tensor | null } = {},
): Tensor {
  const size = windowOutput("conv", [x.shape[2], x.shape[3]], window);
  const inputs = added !== null ? [x, w, bias, added] : bias !== null ? [x, w, bias] : [x, w];
  return node("Conv", inputs, {
    domain,
    attributes: { ...windowAttributes(window), group: 1 },
    output: { dtype: x.dtype, shape: [x.shape[0], w.shape[0], ...size] },
    gradient: null,
  });
}

/** w: [O, C, kh, kw] → [O / b, C / b, kh, kw, b of C, b of O] in the shape [O, C, kh, kw], whole blocks of both. */
export function blockedWeight(w: Tensor, block: number): Tensor {
  const [features, channels, ...kernel] = [
    wholeBlocks(w.shape[0], block),
    wholeBlocks(w.shape[1], block),
    ...w.shape.slice(2),
  ];
  const whole = withChannels(withChannels(w, 0, features), 1, channels);
  const split = reshape(whole, [features / block, block, channels / block, block, ...kernel]);
  return reshape(transpose(split, [0, 2, 4, 5, 3, 1]), [features, channels, ...kernel]);
}

/** Zeros behind an axis, up to `size`. */
export function withChannels(x: Tensor, axis: number, size: number): Tensor {
  if (x.shape[axis] === size) return x;
  const none = x.shape.map(() => 0);
  const after = x.shape.map((length, i) => (i === axis ? size - length : 0));
  return pad(x, { before: none, after, mode: "constant", value: 0 });
}
