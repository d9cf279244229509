/** The visible list of encoders, by the names that recipes have. */
import { suggestion, UsageError } from "../errors.ts";
import type { Scope } from "../graph/scope.ts";
import type { Tensor } from "../graph/tensor.ts";
import { renormalized } from "../nn/image-input.ts";
import { dinov2Encoders } from "./dinov2.ts";
import type { Encoder, EncoderOptions, FeatureMap } from "./encoder.ts";
import { hrNetEncoders } from "./hrnet.ts";
import { mobileNetV2Encoders } from "./mobilenet-v2.ts";
import { resNetEncoders } from "./resnet.ts";
import { resNetV2Encoders } from "./resnet-v2.ts";
import { resNet38Encoders } from "./resnet38.ts";
import { swinEncoders } from "./swin-encoders.ts";
import { vggEncoders } from "./vgg.ts";
import { vitEncoders } from "./vit-encoders.ts";

/** Every encoder by name; docs/encoders.md lists them. `addEncoder` adds one. */
export const encoders: Readonly<Record<string, Encoder>> = {
  ...mobileNetV2Encoders,
  ...resNetEncoders,
  ...resNetV2Encoders,
  ...resNet38Encoders,
  ...vggEncoders,
  ...vitEncoders,
  ...dinov2Encoders,
  ...swinEncoders,
  ...hrNetEncoders,
};

/** Names of encoders that were added while this process runs. */
const added = new Map<string, Encoder>();

/**
 * Lets recipes name an encoder of one's own. The same name again replaces it. Throws UsageError where the list has the name.
 */
export function addEncoder(name: string, encoder: Encoder): void {
  if (Object.hasOwn(encoders, name)) {
    throw new UsageError(`encoder: expected a name that the list does not have, got "${name}". Choose another.`);
  }
  added.set(name, encoder);
}

/** Those that recipes can name. */
export function encoderNames(): string[] {
  return [...Object.keys(encoders), ...added.keys()];
}

/** The encoder of that name. Throws UsageError, with the nearest name, where there is none. */
export function findEncoder(name: string): Encoder {
  const found = Object.hasOwn(encoders, name) ? encoders[name] : added.get(name);
  if (found !== undefined) return found;
  throw new UsageError(
    `encoder: expected one of ${encoderNames().join(", ")}, got "${name}". ${suggestion(name, encoderNames())}`,
  );
}

/** image: [B, 3, H, W] in [−1, 1], brought to the values that the encoder knows → its maps, the largest first. */
export function encode(encoder: Encoder, scope: Scope, image: Tensor, options: EncoderOptions): readonly FeatureMap[] {
  const { multiple, roundsUp, normalization, dilates } = encoder;
  const [, , height, width] = image.shape;
  if (!roundsUp && (height % multiple !== 0 || width % multiple !== 0)) {
    throw scope.error(`image sides must be multiples of ${multiple}, got ${height} × ${width}. Pad or crop the image.`);
  }
  if (options.outputStride !== undefined && !dilates) {
    throw scope.error(
      `expected no output stride, since this encoder has one of its own, got ${options.outputStride}. Leave it out.`,
    );
  }
  if (options.dropPath !== undefined && options.dropPath > 0 && encoder.dropsPaths !== true) {
    throw scope.error(
      `expected no drop path, since this encoder has no stochastic depth, got ${options.dropPath}. Leave it out.`,
    );
  }
  return encoder.features(scope, renormalized(image, normalization), options);
}
