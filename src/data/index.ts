/** `tessera-seg/augment`: pictures made anew in each epoch. */
export { type Augmented, type AugmentRecipe, augment } from "./augment.ts";
export { augmentImage, type ImageAugmentation, publishedImageAugmentation } from "./augment-image.ts";
export { type RandAugmentSettings, randAugment } from "./rand-augment.ts";
export { randomErasing } from "./random-erasing.ts";
export { type ResizedCropSettings, randomResizedCrop } from "./random-resized-crop.ts";
