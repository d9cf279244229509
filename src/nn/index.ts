/** `tessera-seg/layers`: functions that declare parameters in a scope and give graph. */
export { attentionWeights, crossAttention, selfAttention } from "./attention.ts";
export { conv2d, standardizedConv2d } from "./conv.ts";
export { channelDropout, dropout, dropPath } from "./dropout.ts";
export { embedding, resizePositions } from "./embedding.ts";
export {
  clipNormalization,
  imageInput,
  imagenetNormalization,
  type Normalization,
  symmetricNormalization,
} from "./image-input.ts";
export { linear } from "./linear.ts";
export { batchNorm2d, groupNorm, instanceNorm, layerNorm } from "./norm.ts";
export { mlp, transformerBlock } from "./transformer.ts";
