import { UsageError } from "../errors.ts";
import type { Options } from "./command.ts";

/** Options of testing at several scales, for predict and eval. */
export const testingOptions = {
  scales: {
    kind: "text",
    placeholder: "LIST",
    help: "average over these factors on the size, such as 0.75,1,1.25; default 1",
  },
  flip: { kind: "flag", help: "average with the mirrored image as well" },
  shortSide: {
    kind: "number",
    placeholder: "PIXELS",
    integer: true,
    minimum: 0,
    maximum: 65_536,
    help: "scale images so that the shorter side has this many pixels; 0: their own size; default as in training",
  },
} as const satisfies Options;

/** `0.5,1` → [0.5, 1]. Throws UsageError. */
export function scalesFrom(text: string | undefined): readonly number[] | undefined {
  if (text === undefined) return undefined;
  const scales = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (!scales.every((scale) => scale > 0 && scale <= 8)) {
    throw new UsageError(
      `--scales: expected numbers above 0 and up to 8 with commas between, got "${text}". Write --scales 0.75,1,1.25.`,
    );
  }
  return scales;
}
