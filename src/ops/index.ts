/** Every operator, one line a family: the list that documentation and tests read. */

export { add, div, mul, neg, reciprocal, square, sub } from "./arithmetic.ts";
export { attention } from "./attention.ts";
export type { Operand } from "./broadcast.ts";
export { constantLike, expand, sum, sumTo, where } from "./broadcast.ts";
export {
  and,
  clip,
  equal,
  greater,
  greaterOrEqual,
  isNan,
  less,
  lessOrEqual,
  maximum,
  minimum,
  not,
  notEqual,
  or,
  sign,
} from "./comparison.ts";
export { conv, convTranspose } from "./convolution.ts";
export {
  abs,
  cos,
  erf,
  exp,
  floor,
  gelu,
  log,
  pow,
  quickGelu,
  relu,
  round,
  sigmoid,
  silu,
  sin,
  softplus,
  sqrt,
  tanh,
} from "./elementwise.ts";
export { gather, gatherNd, oneHot, scatterAdd, scatterNdAdd, takeAlong, topK } from "./indexing.ts";
export { concat, roll, split, stack, unstack } from "./joining.ts";
export { matmul } from "./matmul.ts";
export { batchNorm, batchNormFrozen, groupNorm, instanceNorm, layerNorm, standardizeWeight } from "./norm.ts";
export { adaptiveAveragePool, averagePool, globalAveragePool, maxPool } from "./pooling.ts";
export { rearrange, windowMerge, windowPartition } from "./rearrange.ts";
export { argMax, argMin, cumSum, max, mean, min, prod, sumSquare, variance } from "./reductions.ts";
export { resize } from "./resize.ts";
export { roiAlign } from "./roi-align.ts";
export { axisSize, cast, reshape, squeeze, stopGradient, straightThrough, transpose, unsqueeze } from "./shape.ts";
export { flip, pad, slice } from "./slicing.ts";
export { logSoftmax, logSumExp, softmax } from "./softmax.ts";
