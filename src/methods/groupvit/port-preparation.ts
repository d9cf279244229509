/** `preprocessor_config.json` of the port to Hugging Face's transformers: how a picture becomes what the network sees. */
import { InputError, isObject, problem, shown } from "../../errors.ts";
import { clipNormalization, type Normalization } from "../../nn/image-input.ts";
import { jsonObject } from "./port-config.ts";

/** The whole picture scaled, a square of its middle cut out, and its bytes normalized. */
export interface PortPreparation {
  /** Pixels of the shorter side after scaling, by Pillow's bicubic filter; the longer is cut to a whole number. */
  readonly shortSide: number;
  /** Of the square. */
  readonly crop: number;
  /** Of bytes, 0 … 255. */
  readonly normalization: Normalization;
}

/** Pillow's number for bicubic interpolation. */
const bicubic = 3;

/** What the port does for a network of this size where nothing else is said. */
export function usualPreparation(imageSize: number): PortPreparation {
  return { shortSide: imageSize, crop: imageSize, normalization: clipNormalization };
}

/**
 * Reads the text of a `preprocessor_config.json` in its old form (sizes are numbers) or the new one (`shortest_edge`, `height` and
 * `width`). Throws InputError, which begins with `where`, for what is not a scaled square with normalized bytes.
 */
export function preparationFrom(text: string, imageSize: number, where: string): PortPreparation {
  const config = jsonObject(text, where);
  const refuse = (expected: string, got: unknown): never => {
    throw new InputError(problem(where, `expected ${expected}`, shown(got), "Set the preparation by hand."));
  };
  for (const step of ["do_resize", "do_center_crop", "do_normalize", "do_rescale"]) {
    if ((config[step] ?? true) !== true) refuse(`${step} true`, config[step]);
  }
  if ((config.resample ?? bicubic) !== bicubic) refuse("resample 3, bicubic", config.resample);
  const factor = config.rescale_factor ?? 1 / 255;
  if (typeof factor !== "number" || Math.abs(factor * 255 - 1) > 1e-6) refuse("rescale_factor 1/255", factor);
  const side = (key: string, value: unknown): number => {
    const { shortest_edge, height, width } = isObject(value) ? value : {};
    const found = isObject(value) ? (shortest_edge ?? (height === width ? height : undefined)) : (value ?? imageSize);
    return Number.isSafeInteger(found) && Number(found) > 0
      ? Number(found)
      : refuse(`${key} of one number of pixels`, value);
  };
  const colors = (key: string, usual: readonly number[]): [number, number, number] => {
    const value = config[key] ?? usual.map((each) => each / 255);
    if (!Array.isArray(value) || value.length !== 3 || !value.every((each) => Number.isFinite(each))) {
      return refuse(`${key} of three numbers`, value);
    }
    const [red, green, blue] = value.map((each) => Number(each) * 255);
    return [red, green, blue];
  };
  const { mean, deviation } = clipNormalization;
  return {
    shortSide: side("size", config.size),
    crop: side("crop_size", config.crop_size),
    normalization: { mean: colors("image_mean", mean), deviation: colors("image_std", deviation) },
  };
}

/** The text of a `preprocessor_config.json`, which old and new readers take. */
export function preparationText({ shortSide, crop, normalization }: PortPreparation): string {
  const shares = (values: readonly number[]) => values.map((value) => Number((value / 255).toPrecision(12)));
  const config = {
    crop_size: { height: crop, width: crop },
    ...{ do_center_crop: true, do_convert_rgb: true, do_normalize: true, do_rescale: true, do_resize: true },
    image_mean: shares(normalization.mean),
    image_processor_type: "CLIPImageProcessor",
    image_std: shares(normalization.deviation),
    processor_class: "CLIPProcessor",
    ...{ resample: bicubic, rescale_factor: 1 / 255 },
    size: { shortest_edge: shortSide },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
