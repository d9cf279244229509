import { UsageError } from "../errors.ts";
import type { SegmentOptions, WindowsChoice } from "../prediction/segmentation.ts";
import { windowings } from "../prediction/windows.ts";
import { crfNames, maxExactPixels, parseCrf } from "../refinement/crf-settings.ts";
import type { Options, Values } from "./command.ts";
import { sizeOptions } from "./options.ts";

/** Options of how images are segmented, for predict and eval. */
export const testingOptions = {
  scales: {
    kind: "text",
    placeholder: "LIST",
    help: "average over these factors on the size, such as 0.75,1,1.25; default 1",
  },
  flip: { kind: "flag", help: "average with the mirrored image as well" },
  windows: {
    kind: "text",
    placeholder: "NAME",
    choices: [...Object.keys(windowings), "whole"],
    help: "how windows lie on large images: overlapping and blended, overlapping and averaged, side by side, the whole made to fit one (none), or the whole as it is (whole), where the network takes any size; default: as the model says",
  },
  crf: {
    kind: "text",
    placeholder: "NAME",
    help: `refine the scores by a dense CRF instead of what the method does: ${crfNames.join(", ")}, terms such as 3,3/4,67,3 (weight,xy/weight,xy,rgb), or none; behind one :exact for all pairs of pixels of images of up to ${maxExactPixels}`,
  },
  shortSide: {
    ...sizeOptions.shortSide,
    help: "scale images so that the shorter side has this many pixels; 0: their own size; default as in training",
  },
} as const satisfies Options;

/** What the segmenter is asked for. Throws UsageError. */
export function segmentOptionsFrom(options: Values<typeof testingOptions>): SegmentOptions {
  const { flip, shortSide, crf } = options;
  return {
    ...{ flip, shortSide, windows: options.windows as WindowsChoice | undefined, scales: scalesFrom(options.scales) },
    crf: crf === undefined || crf === "none" ? crf : parseCrf(crf),
  };
}

/** `0.5,1` → [0.5, 1]. Throws UsageError. */
function scalesFrom(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const scales = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (!scales.every((scale) => scale > 0 && scale <= 8)) {
    throw new UsageError(
      `--scales: expected numbers above 0 and up to 8 with commas between, got "${text}". Write --scales 0.75,1,1.25.`,
    );
  }
  return scales;
}
