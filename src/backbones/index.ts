/** `tessera-seg/backbones`: image → feature maps. */
export type { Encoder, EncoderOptions, FeatureMap, Norms } from "./encoder.ts";
export { addEncoder, encode, encoders, findEncoder } from "./encoders.ts";
export { type HrNetOptions, hrNet, hrNetStages } from "./hrnet.ts";
export { mobileNetV2, mobileNetV2Classifier } from "./mobilenet-v2.ts";
export {
  type OnnxEncoder,
  type OnnxEncoderOptions,
  type OnnxNormalization,
  onnxEncoder,
  onnxNormalizations,
  writeEncoder,
} from "./onnx-encoder.ts";
export { type OnnxEncoderFile, restoreOnnxEncoder, takeOnnxEncoder } from "./onnx-file.ts";
export type { OnnxFileOptions } from "./onnx-part.ts";
export { publishedEncoder, publishedNames } from "./published.ts";
export { resNet, resNet18Units, resNet50Units, resNet101Units, resNetClassifier } from "./resnet.ts";
export { resNetV2 } from "./resnet-v2.ts";
export { resNet38 } from "./resnet38.ts";
export { swin, swinSizes } from "./swin.ts";
export { vgg16 } from "./vgg.ts";
export { vit, vitClassifier, vitFeatures } from "./vit.ts";
