/** Drawn scenes as photographs for tests. */
import type { Image } from "../../src/image/image.ts";
import { openScenes } from "../../src/scenes/index.ts";

/** The scene of a number, 160 pixels a side. */
export async function renderedAt(index: number): Promise<Image> {
  const scenes = await openScenes("scenes:size=160,train=60,val=1,test=1", "train");
  return (await scenes.read(index, [])).image;
}
