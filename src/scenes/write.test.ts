import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDataset, splitsOf } from "../datasets/index.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { type ClassName, sceneClasses } from "./classes.ts";
import { ade20kClasses, cityscapesClasses, vocClasses } from "./foreign-classes.ts";
import { openScenes } from "./open.ts";
import { type ScenesLayout, scenesLayouts, writeScenes } from "./write.ts";

const spec = "scenes:size=72x64,train=3,val=2,test=1,seed=4";
let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "scenes-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe("writeScenes", () => {
  it.each(["", ",classes=coarse", ",classes=sky+ground+vehicle+person"])(
    "writes a plain folder that reads back exactly: scenes%s",
    async (classes) => {
      const folder = join(root, `folder${classes}`);
      const wanted = `${spec}${classes}`;
      expect(await writeScenes(platform, wanted, folder, { images: "png" })).toBe(6);
      for (const split of ["train", "val", "test"] as const) {
        const [read, drawn] = [await openDataset(platform, folder, split), openScenes(wanted, split)];
        expect(read.ids).toEqual(drawn.ids);
        expect(read.classes).toEqual(drawn.classes);
        for (let index = 0; index < read.ids.length; index++) {
          const [one, other] = [await read.read(index), await drawn.read(index)];
          const { panoptic, ...others } = other.labels;
          expect(one.image).toEqual(other.image);
          expect(one.labels).toMatchObject(others);
          const { data, segments } = one.labels.panoptic!;
          expect([data, segments.length]).toEqual([panoptic!.data, panoptic!.segments.length]);
          for (const { id, area } of segments) expect(area).toBe(panoptic!.data.filter((each) => each === id).length);
        }
      }
    },
  );

  it.each([
    ["voc", vocClasses, "background"],
    ["cityscapes", cityscapesClasses, undefined],
    ["ade20k", ade20kClasses, undefined],
  ] as const)("writes %s with the class of the same meaning in every pixel", async (layout, { names }, rest) => {
    const folder = join(root, layout);
    await writeScenes(platform, spec, folder, { layout });
    const [read, drawn] = [await openDataset(platform, folder, "train"), openScenes(spec, "train")];
    expect(read.name).toBe(`${layout} ${folder}`);
    expect(read.ids).toHaveLength(3);
    for (let index = 0; index < 3; index++) {
      const [one, other] = [await read.read(index), await drawn.read(index)];
      const expected = Array.from(
        other.labels.mask!.data,
        (value) => names[sceneClasses[value].name as ClassName]?.[1] ?? rest,
      );
      expect(Array.from(one.labels.mask!.data, (value) => read.classes[value]?.name)).toEqual(expected);
    }
  });

  it.each(["voc", "cityscapes", "ade20k"] as const)("refuses classes where %s has its own", async (layout) => {
    const wanted = writeScenes(platform, `${spec},classes=coarse`, join(root, "never"), { layout });
    await expect(wanted).rejects.toThrow(`expected no classes in the layout ${layout}, which has its own, got classes`);
    expect(await platform.exists(join(root, "never"))).toBe("nothing");
  });

  it.each(["voc", "cityscapes"] as const)(
    "writes the test split of %s without asking for masks to be read",
    async (layout) => {
      expect((await openDataset(platform, join(root, layout), "test")).ids).toHaveLength(1);
    },
  );

  it.each(scenesLayouts)("writes unlabelled scenes of %s as images that its reader finds", async (layout) => {
    const folder = join(root, `unlabelled-${layout}`);
    const withUnlabelled = "scenes:size=64,train=1,val=1,test=1,unlabelled=2";
    const count = await writeScenes(platform, withUnlabelled, folder, { layout, images: "png" });
    const [read, drawn] = [await openDataset(platform, folder, "unlabelled"), openScenes(withUnlabelled, "unlabelled")];
    expect([count, (await splitsOf(platform, folder)).at(-1)]).toEqual([layout === "ade20k" ? 4 : 5, "unlabelled"]);
    expect([read.ids, read.kinds]).toEqual([drawn.ids, []]);
    expect((await read.read(1)).image).toEqual((await drawn.read(1)).image);
  });

  it("writes unlabelled borders as each layout's readers take them", async () => {
    const bordered = `${spec},border=1`;
    for (const layout of ["folder", "voc", "ade20k"] as const) {
      const folder = join(root, `border-${layout}`);
      await writeScenes(platform, bordered, folder, { layout });
      const [read, drawn] = [await openDataset(platform, folder, "val"), openScenes(bordered, "val")];
      const [one, other] = [(await read.read(0)).labels.mask!.data, (await drawn.read(0)).labels.mask!.data];
      for (let i = 0; i < other.length; i++) if (other[i] === 255) expect(one[i]).toBe(255);
    }
  });

  it("reports its progress", async () => {
    const seen: string[] = [];
    await writeScenes(platform, spec, join(root, "progress"), {
      layout: "ade20k",
      onProgress: (done, total) => seen.push(`${done}/${total}`),
    });
    expect(seen).toEqual(["1/5", "2/5", "3/5", "4/5", "5/5"]);
  });

  it("stops between scenes when asked to", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(writeScenes(platform, spec, join(root, "stopped"), { signal })).rejects.toThrow("enough");
  });

  it("refuses a folder with something in it", async () => {
    await writeFile(join(root, "note.txt"), "mine");
    await expect(writeScenes(platform, spec, root)).rejects.toThrow("expected a new or empty folder");
  });

  it("refuses an unknown layout", async () => {
    const layout = "cityscape" as ScenesLayout;
    await expect(writeScenes(platform, spec, join(root, "x"), { layout })).rejects.toThrow("Did you mean cityscapes?");
  });
});
