import { expect, it } from "vitest";
import type { RawImage } from "../platform/platform.ts";
import { segmentIdsOf } from "./segment-ids.ts";

const picture = (channels: RawImage["channels"], data: RawImage["data"], rest: Partial<RawImage> = {}): RawImage => ({
  ...{ width: data.length / channels, height: 1, channels, bits: 8, data },
  ...rest,
});

it("segment ids are red + 256 · green + 65536 · blue", () => {
  const raw = picture(3, Uint8Array.of(0, 0, 0, 7, 0, 0, 3, 2, 1, 255, 255, 255));
  const ids = segmentIdsOf(raw, "a.png");
  expect(ids).toEqual({ width: 4, height: 1, data: Uint32Array.of(0, 7, 66_051, 0xffffff) });
});

it("alpha is no part of an id", () => {
  expect(segmentIdsOf(picture(4, Uint8Array.of(3, 2, 1, 255, 4, 0, 0, 0)), "a.png").data).toEqual(
    Uint32Array.of(66_051, 4),
  );
});

it.each([
  ["grey", picture(1, Uint8Array.of(1)), /^a\.png: expected RGB pixels of 8 bits, got grey of 8 bits\. Save/],
  ["a palette", picture(1, Uint8Array.of(0), { palette: [[1, 2, 3]] }), /got a palette\./],
  ["16 bits", picture(3, Uint16Array.of(1, 2, 3), { bits: 16 }), /got colour of 16 bits/],
])("%s cannot hold ids", (_, raw, message) => {
  expect(() => segmentIdsOf(raw, "a.png")).toThrow(message);
});
