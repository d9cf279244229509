import { sizeOf } from "../../array/shape.ts";
import { InputError } from "../../errors.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { rearrange } from "./rearrange.ts";
import { requireRank } from "./require.ts";

/**
 * A feature map cut into square windows that do not overlap (Liu et al. 2021, Swin Transformer, section 3.2).
 *
 * x: [B, H, W, C], H and W multiples of `window` → y: [B · H/window · W/window, window, window, C], windows of one
 * image together, row by row.
 */
export function windowPartition(x: Tensor, window: number): Tensor {
  requireRank("windowPartition", "x", x, 4);
  return rearrange(x, "B (rows h) (columns w) C -> (B rows columns) h w C", { h: window, w: window });
}

/**
 * Windows put together again: undoes `windowPartition`.
 *
 * x: [B · H/window · W/window, window, window, C] → y: [B, H, W, C].
 */
export function windowMerge(x: Tensor, window: number, H: number, W: number): Tensor {
  requireRank("windowMerge", "x", x, 4);
  const batch = sizeOf(x.shape.slice(0, 3)) / (H * W);
  if (!Number.isInteger(batch) || H % window !== 0 || W % window !== 0) {
    throw new InputError(
      `windowMerge: x must hold whole images of ${H} x ${W} in windows of ${window}, got shape [${x.shape}]. Check H, W and window.`,
    );
  }
  const sizes = { B: batch, rows: H / window, columns: W / window };
  return rearrange(x, "(B rows columns) h w C -> B (rows h) (columns w) C", sizes);
}
