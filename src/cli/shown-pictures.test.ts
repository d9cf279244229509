import { expect, test } from "vitest";
import { memoryPlatform } from "../../test/support/memory-platform.ts";
import { expandPhotographs } from "./photographs.ts";
import { openShownPictures } from "./shown-pictures.ts";

const png = new Uint8Array([1]);

function filesOf(platform: ReturnType<typeof memoryPlatform>): string[] {
  return [...platform.files.keys()].sort();
}

test("pictures of show are replaced, however their folder is written", async () => {
  const platform = memoryPlatform();
  await (await openShownPictures(platform, "in1"))("a", "certainty", png);
  await platform.rename("in1", "/elsewhere/in2");
  await (await openShownPictures(platform, "/elsewhere/in2"))("a", "certainty", new Uint8Array([2]));
  expect(filesOf(platform)).toEqual(["/elsewhere/in2/a.certainty.png", "/elsewhere/in2/show.json"]);
  expect(platform.files.get("/elsewhere/in2/a.certainty.png")).toEqual(new Uint8Array([2]));
  expect(JSON.parse(await platform.readText("/elsewhere/in2/show.json"))).toEqual({ show: ["a.certainty.png"] });
});

test("a writing that broke off leaves a folder that show can use again", async () => {
  const platform = memoryPlatform();
  const full = {
    ...platform,
    writeFile: async (path: string, content: string | Uint8Array) => {
      if (path.endsWith(".png") && filesOf(platform).length > 2) throw new Error("disk full");
      await platform.writeFile(path, content);
    },
  };
  const write = await openShownPictures(full, "out");
  await write("a", "x", png);
  await write("b", "x", png);
  await expect(write("c", "x", png)).rejects.toThrow("disk full");
  const again = await openShownPictures(platform, "out");
  for (const stem of ["a", "b", "c"]) await again(stem, "x", png);
  expect(filesOf(platform)).toEqual(["out/a.x.png", "out/b.x.png", "out/c.x.png", "out/show.json"]);
});

test("two pictures of one name are numbered, and keep their numbers", async () => {
  const platform = memoryPlatform();
  for (let time = 0; time < 2; time++) {
    const write = await openShownPictures(platform, "out");
    const paths = [await write("a", "maps-1", png), await write("a", "maps-1", png), await write("A", "maps-1", png)];
    expect(paths).toEqual(["out/a.maps-1.png", "out/a.maps-1-2.png", "out/A.maps-1-3.png"]);
  }
});

test("files of another hand are not replaced", async () => {
  const platform = memoryPlatform();
  await platform.writeFile("out/a.x.png", "mine");
  const write = await openShownPictures(platform, "out");
  await expect(write("a", "x", png)).rejects.toThrow(
    "out/a.x.png: expected nothing, or an earlier result of show to replace, got another file. Choose another --out.",
  );
  for (const text of ["{}", "[]", "null", "mine", '{"show":[1]}']) {
    await platform.writeFile("out/show.json", text);
    await expect(openShownPictures(platform, "out")).rejects.toThrow("out/show.json: expected nothing, or an earlier");
  }
});

test("pictures of show are no photographs", async () => {
  const platform = memoryPlatform();
  const write = await openShownPictures(platform, "photos");
  await write("a", "certainty", png);
  await expect(expandPhotographs(platform, ["photos"])).rejects.toThrow("got a folder of what predict or show wrote");
  await platform.writeFile("photos/a.jpg", "a");
  expect((await expandPhotographs(platform, ["photos"])).files).toEqual(["photos/a.jpg"]);
  // Another program's list says nothing about photographs.
  await platform.writeFile("photos/show.json", '{"show":"tonight"}');
  expect((await expandPhotographs(platform, ["photos"])).files).toEqual(["photos/a.certainty.png", "photos/a.jpg"]);
});
