import { type NdArray, ndarray } from "../array/ndarray.ts";
import { halvedTo } from "../data/views.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import type { Image } from "../image/image.ts";
import { padImage } from "../image/pad.ts";
import { resizeImage } from "../image/resize.ts";
import { max } from "../ops/index.ts";
import type { Recipe } from "./recipe.ts";
import type { Trial } from "./stage.ts";

/**
 * How sure a network is of its class at each pixel: the largest probability, black for 0, white for 1. The photograph is
 * made to fit the training crop. probabilities: image [1, H, W, 3] uint8 → [1, K, H, W].
 */
export function certaintyView(
  { cropHeight, cropWidth }: Recipe,
  probabilities: (scope: Scope, image: Tensor) => Tensor,
): Trial {
  const fitted = (image: Image): Image => {
    const scale = Math.min(cropHeight / image.height, cropWidth / image.width);
    const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * scale)));
    return resizeImage(halvedTo(image, width, height), width, height);
  };
  return {
    name: "certainty",
    images: 6,
    learnsFrom: [],
    prepare: ({ image }) => ({
      image: ndarray("uint8", [cropHeight, cropWidth, 3], padImage(fitted(image), cropWidth, cropHeight).data),
    }),
    outputs: (scope, { image }) => ({ certainty: max(probabilities(scope, image), { axes: [1] }) }), // [1, H, W]
    pictures({ certainty }, sample) {
      const image = fitted(sample.image);
      const { width, height } = image;
      const shown = { width, height, data: greyOf(certainty, width, height) };
      return [
        { name: "image", image, changes: false, caption: "" },
        { name: "certainty", image: shown, changes: true, caption: "white: certain" },
      ];
    },
  };
}

/** The top left width x height numbers of [1, H, W] in [0, 1] as grey pixels. */
function greyOf({ shape: [, , columns], data }: NdArray, width: number, height: number): Uint8Array {
  const bytes = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) bytes.fill(Math.round(255 * Number(data[y * columns + x])), to, to + 3);
  }
  return bytes;
}
