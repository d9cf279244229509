import { float32, type NdArray } from "../../array/ndarray.ts";
import type { Grid } from "../../nn/embedding.ts";

/**
 * Fixed position vectors of a grid: sines, then cosines, of the row, then of the column, with wavelengths from 2π towards
 * 20,000π (Chen et al. 2021, MoCo v3; GroupViT's option `fourier`).
 *
 * width: a multiple of 4 → [1, rows · columns, width], row-major.
 */
export function sinusoidalPositions([rows, columns]: Grid, width: number): NdArray {
  const waves = width / 4;
  const values = new Float32Array(rows * columns * width);
  for (let place = 0; place < rows * columns; place++) {
    for (let wave = 0; wave < waves; wave++) {
      const omega = 10_000 ** (-wave / waves);
      const [across, down] = [(place % columns) * omega, Math.floor(place / columns) * omega];
      for (const [part, value] of [Math.sin(down), Math.cos(down), Math.sin(across), Math.cos(across)].entries()) {
        values[place * width + part * waves + wave] = value;
      }
    }
  }
  return float32([1, rows * columns, width], values);
}
