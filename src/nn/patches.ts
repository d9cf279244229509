import { fanInUniformInitializer } from "../graph/initializer.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { add, matmul, rearrange, reshape, slice } from "../ops/index.ts";

/**
 * Patch embedding (Dosovitskiy et al. 2021, eq. 1): a convolution whose kernel and stride are the patch, its result as
 * tokens in row-major order. Rows and columns beyond whole patches are left out, as a convolution does.
 *
 * x: [B, C, H, W] float → [B, ⌊H/patch⌋·⌊W/patch⌋, width]. Parameters: `weight` [width, C, patch, patch] and `bias` [width].
 */
export function patchTokens(scope: Scope, x: Tensor, width: number, { patch }: { patch: number }): Tensor {
  const [, channels, height, columns] = x.shape;
  const [rows, across] = [Math.floor(height / patch), Math.floor(columns / patch)];
  if (rows === 0 || across === 0) {
    throw scope.error(`image sides must be at least ${patch}, got ${height} × ${columns}. Use a larger image.`);
  }
  const usual = fanInUniformInitializer(channels * patch * patch);
  const weight = scope.parameter("weight", [width, channels, patch, patch], usual);
  const bias = scope.parameter("bias", [width], usual);
  const whole = cropped(x, rows * patch, across * patch);
  const pattern = "B C (rows h) (columns w) -> B (rows columns) (C h w)";
  const patches = rearrange(whole, pattern, { h: patch, w: patch }); // [B, N, C·patch²]
  return add(matmul(patches, reshape(weight, [width, -1]), { transposeB: true }), bias);
}

/** The upper left part. x: [B, C, H, W] → [B, C, height, width]. */
export function cropped(x: Tensor, height: number, width: number): Tensor {
  if (x.shape[2] === height && x.shape[3] === width) return x;
  return slice(x, [
    { axis: 2, start: 0, end: height },
    { axis: 3, start: 0, end: width },
  ]);
}
