/** Every backbone: image → features. */
export { resNet, resNet50Units, resNet101Units, resNetClassifier } from "./resnet.ts";
export { transunet } from "./transunet/network.ts";
export { vit, vitClassifier } from "./vit.ts";
