/**
 * What a file holds that a picture of red, green and blue in 8 bits does not: more bands, other numbers, a part of the range,
 * more pages. What would change pixels beyond recognition is refused; what is left out is remarked.
 */
import type { Metadata } from "sharp";
import { InputError, problem } from "../errors.ts";
import type { Remark } from "../image/image.ts";
import type { TiffTags } from "./tiff-tags.ts";

/** Names of libvips's numbers that cannot become 8 bits without a range. */
const otherNumbers: Readonly<Record<string, string>> = {
  char: "signed 8-bit values",
  short: "signed 16-bit values",
  uint: "32-bit values",
  int: "signed 32-bit values",
  float: "32-bit float values",
  double: "64-bit float values",
  complex: "complex values",
  dpcomplex: "complex values",
};

/** Bands of colour, by libvips's name of the space; others have three. */
const colorBands: Readonly<Record<string, number>> = { "b-w": 1, grey16: 1, cmyk: 4 };

/** Of 8 bits: where nothing is brighter, 16 bits are used to a quarter at most. */
export const quarterOfRange = 64;

export interface Bands {
  /** A last band beyond the colours: alpha, or something that is left out. */
  readonly extra: "none" | "alpha" | "left out";
  readonly remarks: readonly Remark[];
}

/** Throws InputError, beginning with `path`, where there are other numbers than 8 or 16 bits hold, or too many bands. */
export function bandsOf(path: string, metadata: Metadata, tags: TiffTags | undefined): Bands {
  const { depth, space = "srgb", channels = 3, pages = 1, format } = metadata;
  const numbers = otherNumbers[depth ?? ""];
  // HDR pictures of other formats are mapped to colours by their decoder.
  if (numbers !== undefined && format === "tiff") {
    const range = /float/.test(numbers) ? "0 1" : "0 4095";
    const remedy = `Save 8 bits of the range that is meant, such as: gdal_translate -ot Byte -scale ${range} 0 255 IN OUT`;
    throw new InputError(problem(path, "expected a photograph of 8 or 16 bits a value", numbers, remedy));
  }
  const remarks: Remark[] = [];
  if (pages > 1) {
    const remedy = "Save the others as files of their own, if they are meant.";
    remarks.push({ expected: "expected one picture", got: `several (${pages}), of which the first is read`, remedy });
  }
  const colors = colorBands[space] ?? 3;
  const extra = channels - colors;
  const isAlpha = extra === 1 && (tags === undefined || tags.extra.some((each) => each === 1 || each === 2));
  if (extra <= 0) return { extra: "none", remarks };
  if (isAlpha) return { extra: "alpha", remarks };
  // Of two bands there is no third to write.
  const write =
    channels === 2 ? "gdal_translate -b 2 IN OUT" : "gdal_translate -b 1 -b 2 -b 3 -co PHOTOMETRIC=RGB IN OUT";
  if (extra > 1) {
    const remedy = `Models see three bands: write those that are meant, such as: ${write}`;
    throw new InputError(
      problem(path, "expected the bands red, green and blue, or one of grey", `${channels} bands`, remedy),
    );
  }
  const kept = colors === 1 ? "first band as grey" : "first three bands as red, green and blue";
  remarks.push({
    expected: "expected bands of colour alone",
    got: `${channels}, of which the last is not said to be alpha: it is left out, and the ${kept} read`,
    remedy: `Write others, if they are meant, such as: ${write}`,
  });
  return { extra: "left out", remarks };
}

/** most: the largest of 16-bit values. Throws InputError where they fill a sixteenth of the range or less. */
export function rangeRemarks(path: string, most: number): Remark[] {
  if (most === 0 || most >= 65_536 / 4) return [];
  const top = 2 ** Math.ceil(Math.log2(most + 1)) - 1;
  const expected = "expected 16-bit values that fill their range";
  const remedy = `Scale them, such as: gdal_translate -ot Byte -scale 0 ${top} 0 255 IN OUT`;
  if (most < 65_536 / 16) {
    throw new InputError(problem(path, expected, `none above ${most} of 65535, which 8 bits show as black`, remedy));
  }
  return [
    { expected, got: "none above a quarter of 65535: it is dark", remedy: remedy.replace(/0 \d+ 0/, "0 16383 0") },
  ];
}

/** A photograph that is turned so that its size does not tell: masks of its stored pixels would fit both ways. */
export function turnRemarks({
  orientation = 1,
  width,
  height,
}: Pick<Metadata, "orientation" | "width" | "height">): Remark[] {
  const isTold = orientation === 1 || orientation > 8 || (orientation >= 5 && width !== height);
  if (isTold) return [];
  const turned =
    { 2: "mirrored", 3: "turned by 180 degrees", 4: "mirrored upside down" }[orientation] ?? "turned or mirrored";
  return [
    {
      expected: "expected photographs that are stored upright, since a mask's size does not tell how it lies",
      got: `one that is ${turned} by its EXIF orientation`,
      remedy: "Check that the masks lie on the photographs as they are shown; if on the stored pixels, turn the masks.",
      ofMaps: true,
    },
  ];
}
