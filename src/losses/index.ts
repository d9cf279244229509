/** `tessera-seg/losses`: predictions and targets → a scalar. */
export { binaryCrossEntropy } from "./binary-cross-entropy.ts";
export * from "./cross-entropy.ts";
export { diceLoss } from "./dice.ts";
export * from "./focal.ts";
export {
  balancedWeights,
  type ClassWeightSettings,
  plainCrossEntropy,
  type SegmentationLossSettings,
  segmentationLoss,
} from "./segmentation.ts";
