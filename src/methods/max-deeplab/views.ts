/** Looks inside: whose pixels are whose, what the surest slot reads, and pixels as colours (Wang et al. 2021, figures 4, 6 and 7). */
import { type Named, type NdArray, ndarray, toNumbers } from "../../array/ndarray.ts";
import type { ClassInfo } from "../../data/sample.ts";
import type { Scope } from "../../graph/scope.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { cropImage } from "../../image/crop.ts";
import type { Color, Image } from "../../image/image.ts";
import { distinctColors } from "../../image/palette.ts";
import { resizeImage } from "../../image/resize.ts";
import { argMax, cast, gather, max, mean, mul, reshape, slice, softmax, topK } from "../../ops/index.ts";
import type { Task } from "../method.ts";
import type { Trial, TrialPicture } from "../stage.ts";
import { placedImage, wholePlace } from "./augment.ts";
import { maxDeepLab } from "./network.ts";
import { type MaxDeepLabRecipe, predictionSize } from "./recipe.ts";
import { resizedTo } from "./semantic-decoder.ts";
import { classOrder } from "./targets.ts";

/** The share of the slots' colours; the rest is the photograph. */
const opacity = 0.5;

/** Slots whose masks are shown one by one, those that are surest of their class. */
const masksShown = 4;

export function slotViews(recipe: MaxDeepLabRecipe, { classes }: Task): readonly Trial[] {
  const size = predictionSize(recipe);
  const seen = (image: Image) => placedImage(image, wholePlace([image.height, image.width], size), size);
  const colors = distinctColors(recipe.slots);
  return [
    {
      ...{ name: "slots", images: 4, learnsFrom: [] },
      prepare: ({ image }) => ({ image: ndarray("uint8", [...size, 3], seen(image).data) }),
      outputs: (scope, { image }) => slotOutputs(scope, image, recipe, classes.length),
      pictures(result, { image }) {
        const { width, height } = wholePlace([image.height, image.width], size).view;
        const ofPhotograph = { left: 0, top: 0, width, height };
        return picturesOf(result, seen(image), colors, classes).map((picture) => {
          return { ...picture, image: cropImage(picture.image, ofPhotograph) };
        });
      },
    },
  ];
}

/**
 * How sure slots are, of a class and of a pixel: one without pixels may be as sure of a class as any, since training need not tell it that it
 * is nothing. confidence: [N]; shares: [1, N, h, w] → [N].
 */
export function surenessOf(confidence: Tensor, shares: Tensor): Tensor {
  return mul(confidence, reshape(max(shares, { axes: [2, 3] }), confidence.shape));
}

/** image: [1, H, W, 3] uint8. */
function slotOutputs(scope: Scope, image: Tensor, recipe: MaxDeepLabRecipe, classes: number): Named<Tensor> {
  const [, height, width] = image.shape;
  const { slots, maskChannels } = recipe;
  const { maskLogits, classLogits, pixelFeature, encoded } = maxDeepLab(scope, image, recipe, classes);
  const chances = slice(softmax(classLogits, { axis: -1 }), [{ axis: 2, start: 0, end: classes }]);
  const confidence = reshape(max(chances, { axes: [2] }), [slots]);
  const shares = softmax(maskLogits, { axis: 1 });
  const sureness = surenessOf(confidence, shares);
  const surestSlots = topK(sureness, Math.min(masksShown, slots), { axis: 0 }).indices;
  const outputs: Record<string, Tensor> = {
    /** [1, H, W]: slot of each pixel. */
    slot: cast(argMax(resizedTo(maskLogits, [height, width]), { axis: 1, keepDims: false }), "int32"),
    /** [N]: channel of each slot's class, and the chance of it. */
    channel: cast(reshape(argMax(chances, { axis: 2 }), [slots]), "int32"),
    confidence,
    /** [M] slots that are surest of a class and of a pixel, and [M, h, w] the share of each pixel that is theirs. */
    maskSlots: cast(surestSlots, "int32"),
    masks: gather(reshape(shares, shares.shape.slice(1)), surestSlots, { axis: 0 }),
  };
  const last = encoded.paths.attentions.at(-1);
  // Without M2P slots read no pixels.
  if (last !== undefined && last.memoryWeights !== null && recipe.memoryToPixel) {
    const [, , rows, columns] = last.pixels.shape;
    const heads = mean(last.memoryWeights, { axes: [0, 1] }); // [N, H·W, or with slots behind]
    const surest = argMax(sureness, { axis: 0 });
    const read = slice(gather(heads, reshape(surest, [1]), { axis: 0 }), [{ axis: 1, start: 0, end: rows * columns }]);
    outputs.surest = cast(reshape(surest, [1]), "int32");
    outputs.attention = reshape(read, [rows, columns]);
  }
  if (maskChannels === 3) outputs.feature = pixelFeature;
  return outputs;
}

function picturesOf(
  { slot, channel, confidence, maskSlots, masks, surest, attention, feature }: Named<NdArray>,
  image: Image,
  colors: readonly Color[],
  classes: readonly ClassInfo[],
): TrialPicture[] {
  const { things, stuff } = classOrder(classes);
  const labels = [...things, ...stuff];
  const nameOf = (at: number) => classes[labels[Number(channel.data[at])] - 1].name;
  const there = [...new Set(toNumbers(slot))].sort((a, b) => a - b);
  const pictures: TrialPicture[] = [
    { name: "image", image, changes: false, caption: "" },
    {
      name: "slots",
      image: blended(image, slot, colors),
      changes: true,
      caption: `${there.length} ${there.length === 1 ? "slot" : "slots"}: ${[...new Set(there.map(nameOf))].join(", ")}`,
    },
  ];
  const percentOf = (at: number) => (100 * Number(confidence.data[at])).toFixed(0);
  const [, rows, columns] = masks.shape;
  for (const [i, at] of toNumbers(maskSlots).entries()) {
    const share = ndarray("float32", [rows, columns], masks.data.slice(i * rows * columns, (i + 1) * rows * columns));
    pictures.push({
      name: `mask ${i + 1}`,
      image: heat(share, image, 1),
      changes: true,
      caption: `slot ${at + 1}: ${nameOf(at)}, ${percentOf(at)} %`,
    });
  }
  if (attention !== undefined) {
    const at = Number(surest.data[0]);
    pictures.push({
      name: "attention",
      image: heat(attention, image),
      changes: true,
      caption: `what slot ${at + 1} reads: ${nameOf(at)}, ${percentOf(at)} %`,
    });
  }
  if (feature !== undefined) {
    pictures.push({
      name: "pixel features",
      image: colored(feature, image),
      changes: true,
      caption: "D = 3 as colours",
    });
  }
  return pictures;
}

function blended({ width, height, data }: Image, { data: slots }: NdArray, colors: readonly Color[]): Image {
  const mixed = data.map((value, at) =>
    Math.round((1 - opacity) * value + opacity * colors[Number(slots[Math.floor(at / 3)])][at % 3]),
  );
  return { width, height, data: mixed };
}

/** The photograph, bright where attention is largest, or is `bright`. attention: [rows, columns], 0 or above. */
function heat(attention: NdArray, { width, height, data }: Image, bright?: number): Image {
  const [rows, columns] = attention.shape;
  const values = toNumbers(attention);
  const most = bright ?? values.reduce((largest, value) => Math.max(largest, value), 1e-12);
  const bytes = Uint8Array.from({ length: 3 * values.length }, (_, at) => (255 * values[Math.floor(at / 3)]) / most);
  const large = resizeImage({ width: columns, height: rows, data: bytes }, width, height);
  return {
    width,
    height,
    data: data.map((value, at) => Math.round((value * (32 + (223 * large.data[at]) / 255)) / 255)),
  };
}

/** feature: [1, 3, h, w] in [−1, 1]. */
function colored({ shape, data }: NdArray, { width, height }: Image): Image {
  const [, , rows, columns] = shape;
  const pixels = rows * columns;
  const bytes = Uint8Array.from({ length: 3 * pixels }, (_, at) =>
    Math.round(127.5 + 127.5 * Number(data[(at % 3) * pixels + Math.floor(at / 3)])),
  );
  return resizeImage({ width: columns, height: rows, data: bytes }, width, height);
}
