/** What the masks of a data set show, and what is told of it, for tests of annotations that draw shapes. */

import { openDataset } from "../../src/datasets/index.ts";
import { inspectDataset } from "../../src/datasets/inspect.ts";
import { nodePlatform as platform } from "../../src/platform/node.ts";

/** Names of classes at the pixels of each sample of train that can be read. */
async function namesIn(root: string): Promise<string[][]> {
  const { ids, classes, read } = await openDataset(platform, root, "train", { onBadFile: "skip" });
  const samples = await Promise.all(ids.map((_, at) => read(at)));
  return samples.map(({ labels }) =>
    Array.from(labels.mask?.data ?? [], (label) => classes[label]?.name ?? "unlabelled"),
  );
}

/** Numbers of pixels by name of class, of each sample. */
export async function drawnIn(root: string): Promise<Record<string, number>[]> {
  return (await namesIn(root)).map((names) => {
    const counts: Record<string, number> = {};
    for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
    return counts;
  });
}

/** The class of the first pixel of each sample. */
export async function firstClasses(root: string): Promise<string[]> {
  return (await namesIn(root)).map(([first]) => first);
}

/** Problems and notes of inspection, those of splits first; the folder is `$` in them. */
export async function told(root: string): Promise<string[]> {
  const { problems, splits } = await inspectDataset(platform, root);
  const all = [...splits.flatMap((split) => [...split.problems, ...split.notes]), ...problems];
  return all.map(({ message }) => message.replaceAll(root, "$"));
}
