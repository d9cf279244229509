/** What training sees of a photograph. */
import type { Random } from "../../array/random.ts";
import { halvedTo } from "../../data/views.ts";
import type { Image } from "../../image/image.ts";
import { viewImage } from "../../image/resize.ts";
import type { GroupViTRecipe } from "./recipe.ts";

type ViewRecipe = Pick<
  GroupViTRecipe,
  "cropAreaMin" | "cropAreaMax" | "cropRatio" | "flipProbability" | "cropHeight" | "cropWidth"
>;

/** Boxes that are drawn before the middle is taken. */
const draws = 10;

/** A random part of a photograph, scaled to the crop's size and mirrored or not (torchvision's `RandomResizedCrop`). */
export function trainingView(image: Image, recipe: ViewRecipe, random: Random): Image {
  const { cropHeight, cropWidth, flipProbability } = recipe;
  const box = drawBox(image, recipe, random);
  const flipped = random.chance(flipProbability);
  const scaledWidth = Math.max(cropWidth, Math.round((image.width * cropWidth) / box.width));
  const scaledHeight = Math.max(cropHeight, Math.round((image.height * cropHeight) / box.height));
  const left = Math.min(scaledWidth - cropWidth, Math.round((box.left * cropWidth) / box.width));
  const top = Math.min(scaledHeight - cropHeight, Math.round((box.top * cropHeight) / box.height));
  const view = { scaledWidth, scaledHeight, left, top, width: cropWidth, height: cropHeight, flipped };
  return viewImage(halvedTo(image, scaledWidth, scaledHeight), view);
}

function drawBox({ width, height }: Image, { cropAreaMin, cropAreaMax, cropRatio }: ViewRecipe, random: Random) {
  for (let i = 0; i < draws; i++) {
    const area = width * height * random.between(cropAreaMin, cropAreaMax);
    const ratio = cropRatio ** random.between(-1, 1);
    const [w, h] = [Math.round(Math.sqrt(area * ratio)), Math.round(Math.sqrt(area / ratio))];
    if (w < 1 || h < 1 || w > width || h > height) continue;
    return { width: w, height: h, left: random.integer(width - w + 1), top: random.integer(height - h + 1) };
  }
  // The largest of an allowed shape in the middle.
  const w = Math.max(1, Math.min(width, Math.round(height * cropRatio)));
  const h = Math.max(1, Math.min(height, Math.round(width * cropRatio)));
  return { width: w, height: h, left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2) };
}
