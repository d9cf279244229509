import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { pattern } from "../../test/support/pictures.ts";
import { affineImage, rotateImage } from "./affine.ts";
import { enhanceBrightness, enhanceColor, enhanceContrast, enhanceSharpness } from "./enhance.ts";
import type { Color, Image } from "./image.ts";
import { autoContrast, equalize, invert, posterize, solarize } from "./tone.ts";

const image: Image = { width: 61, height: 47, data: pattern(61, 47, 3) };
const fill: Color = [124, 116, 104];

/** CRC-32 of the bytes that Pillow 9.4 made of the same picture (bilinear geometry, the same fill). */
const digests: readonly (readonly [string, () => Image, number])[] = [
  ["autoContrast", () => autoContrast(image), 0xa03181b0],
  ["equalize", () => equalize(image), 0x64e9d52a],
  ["invert", () => invert(image), 0x50fff73a],
  ["posterize(1)", () => posterize(image, 1), 0xd2ad3d31],
  ["posterize(4)", () => posterize(image, 4), 0x2119938c],
  ["solarize(26)", () => solarize(image, 26), 0x7ac75167],
  ["enhanceColor(0.19)", () => enhanceColor(image, 0.19), 0x152766a5],
  ["enhanceColor(1.81)", () => enhanceColor(image, 1.81), 0xd2a33a43],
  ["enhanceContrast(0.19)", () => enhanceContrast(image, 0.19), 0xc80079a7],
  ["enhanceContrast(1.81)", () => enhanceContrast(image, 1.81), 0x1edefa9d],
  ["enhanceBrightness(0.19)", () => enhanceBrightness(image, 0.19), 0x738f5145],
  ["enhanceBrightness(1.81)", () => enhanceBrightness(image, 1.81), 0x968ba774],
  ["enhanceSharpness(0.19)", () => enhanceSharpness(image, 0.19), 0x0c5e0ac6],
  ["enhanceSharpness(1.81)", () => enhanceSharpness(image, 1.81), 0x87d80cf4],
  ["rotateImage(27)", () => rotateImage(image, 27, fill), 0x9de1639f],
  ["rotateImage(-13.7)", () => rotateImage(image, -13.7, fill), 0x9b865a47],
  ["affineImage([1, 0.27, 0, 0, 1, 0])", () => affineImage(image, [1, 0.27, 0, 0, 1, 0], fill), 0x1918e02c],
  ["affineImage([1, 0, 0, -0.27, 1, 0])", () => affineImage(image, [1, 0, 0, -0.27, 1, 0], fill), 0x6d006257],
  ["affineImage([1, 0, 24.7, 0, 1, 0])", () => affineImage(image, [1, 0, 24.7, 0, 1, 0], fill), 0xdc08fee0],
  ["affineImage([1, 0, 0, 0, 1, -19.2])", () => affineImage(image, [1, 0, 0, 0, 1, -19.2], fill), 0x3f5592cb],
];

test.each(digests)("%s gives Pillow's bytes", (_, made, digest) => {
  expect(crc32(made().data)).toBe(digest);
});
