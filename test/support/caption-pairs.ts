/** Pairs of photographs and captions, all with the same photograph. */
import { expect } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { jpeg } from "./pictures.ts";
import type { TarFile } from "./tar.ts";

/** Of 8 x 6 pixels. */
export const photo = await jpeg(8, 6);

/** `id: caption | caption` of every sample, which has a photograph of 8 x 6 pixels. */
export async function shownPairs(dataset: Dataset): Promise<string[]> {
  expect(dataset.kinds).toEqual(["captions"]);
  return Promise.all(
    dataset.ids.map(async (id, index) => {
      const sample = await dataset.read(index);
      expect([sample.id, sample.image.width, sample.image.height]).toEqual([id, 8, 6]);
      return `${id}: ${sample.labels.captions?.join(" | ")}`;
    }),
  );
}

/** The files of a pair in an archive. */
export const pairIn = (key: string, caption: string): TarFile[] => [
  { name: `${key}.jpg`, content: photo },
  { name: `${key}.txt`, content: caption },
];
