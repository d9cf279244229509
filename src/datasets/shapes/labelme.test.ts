/** labelme as it and its relatives write it: every shape is drawn as its class, and what is wrong is told. */
import { expect, test } from "vitest";
import { drawnIn, told } from "../../../test/support/drawn-labels.ts";
import { greyPng, photographPng, put, temporaryFolder } from "../../../test/support/pictures.ts";
import { nodePlatform as platform } from "../../platform/node.ts";
import { openDataset } from "../index.ts";
import { inspectDataset } from "../inspect.ts";

const [width, height] = [12, 8];

const photograph = (seed: number) => photographPng(width, height, seed);

const square = [
  [0, 0],
  [4, 0],
  [4, 4],
  [0, 4],
];
const ofLabelme = (label: unknown, more: object = {}, image = "a.png") =>
  JSON.stringify({ imagePath: image, shapes: [{ label, points: square, shape_type: "polygon", ...more }] });

test.each([
  ["a polygon without a kind", { shape_type: null }, 16],
  ["a turned rectangle of its four corners", { shape_type: "rotation" }, 16],
  ["a rectangle of its four corners", { shape_type: "rectangle" }, 16],
])("%s is read", async (_, more, pixels) => {
  const root = temporaryFolder();
  put(root, "a.png", photograph(1));
  put(root, "a.JSON", ofLabelme("cat", more));
  expect(await drawnIn(root)).toEqual([{ background: width * height - pixels, cat: pixels }]);
});

test("masks that a model drew lie where their corner says", async () => {
  const root = temporaryFolder();
  put(root, "a.png", photograph(1));
  const mask = greyPng(3, 2, [0, 1, 1, 1, 0, 0]).toString("base64");
  const points = [
    [2, 1],
    [4, 2],
  ];
  put(root, "a.json", ofLabelme("cat", { shape_type: "mask", points, mask }));
  const dataset = await openDataset(platform, root, "train");
  const { data } = (await dataset.read(0)).labels.mask ?? { data: [] };
  expect([...data].flatMap((label, at) => (label === 1 ? [[at % width, Math.floor(at / width)]] : []))).toEqual([
    [3, 1],
    [4, 1],
    [2, 2],
  ]);
});

test.each([
  ["images", "images", "", ""],
  ["images", "labels", "", ""],
  ["images/train", "annotations/train", "", ""],
  [".", ".", "day/", "day/"],
])("photographs in %s with annotations in %s are read", async (images, annotations, of, id) => {
  const root = temporaryFolder();
  put(root, `${images}/${of}a.png`, photograph(1));
  put(root, `${annotations}/${of}a.json`, ofLabelme("cat"));
  put(root, `${annotations}/${of}0.json`, "");
  put(root, `${images}/${of}0.png`, photograph(2));
  const report = await inspectDataset(platform, root);
  const dataset = await openDataset(platform, root, "train", { onBadFile: "skip" });
  expect([report.layout, dataset.ids, report.splits[0].problems.length]).toEqual(["labelme", [`${id}a`], 1]);
});

test("annotations without photograph, or of another one, and labels that are no class are told", async () => {
  const root = temporaryFolder();
  for (const [at, name] of ["a", "b"].entries()) put(root, `${name}.png`, photograph(at));
  put(root, "a.json", ofLabelme("cat", {}, "..\\photos\\b.png"));
  put(root, "b.json", ofLabelme("cat ", {}, "b.png"));
  put(root, "c.json", ofLabelme("cat"));
  const { notes } = await inspectDataset(platform, root);
  expect(await told(root)).toEqual([
    '$/c.json: expected an image named "c", got none. Add the image or remove the annotation.',
    "$/a.json: expected the annotation of $/a.png, got imagePath ..\\photos\\b.png, which is there too. It is read as that of $/a.png.",
  ]);
  expect(notes.map(({ message }) => message)).toContain(
    `${root}: expected classes whose names differ, got "cat" and "cat ". Call them the same if they are one class.`,
  );
  put(root, "labels.txt", "__ignore__\n_background_\ndog\n");
  await expect(openDataset(platform, root, "train")).rejects.toThrow(
    `a.json: shapes[0]: expected a class of ${root}/labels.txt, got "cat". Add it there, or correct the label.`,
  );
});

test("what predict writes is read beside its photographs, and what was corrected goes before", async () => {
  const root = temporaryFolder();
  for (const [at, name] of ["a", "b"].entries()) {
    put(root, `${name}.png`, photograph(at));
    put(root, `${name}.labelme.json`, ofLabelme("cat", {}, `${name}.png`));
  }
  put(root, "a.json", JSON.stringify({ image: "a.png", classes: [] }));
  put(root, "b.json", ofLabelme("dog", {}, "b.png"));
  expect(await drawnIn(root)).toEqual([
    { background: 80, cat: 16 },
    { background: 80, dog: 16 },
  ]);
});

test("what predict writes beside masks makes no annotations of a plain folder", async () => {
  const root = temporaryFolder();
  put(root, "images/train/a.png", photograph(1));
  put(root, "masks/train/a.png", greyPng(width, height, new Uint8Array(width * height)));
  put(root, "masks/train/a.labelme.json", ofLabelme("cat"));
  put(root, "classes.json", '["cat"]');
  expect((await inspectDataset(platform, root)).layout).toBe("folder");
});

test.each<[string, string, Record<string, number>]>([
  [
    "classes.json",
    JSON.stringify({ classes: ["background", { name: "none", background: true }, "cat"] }),
    { none: 80, cat: 16 },
  ],
  ["labels.txt", "_background_\nbackground\ncat\n", { _background_: 80, cat: 16 }],
])("what no shape covers is the one background of %s", async (file, list, counts) => {
  const root = temporaryFolder();
  put(root, "a.png", photograph(1));
  put(root, "a.json", ofLabelme("cat"));
  put(root, file, list);
  expect(await drawnIn(root)).toEqual([counts]);
  const { classes } = await openDataset(platform, root, "train");
  expect(classes.filter(({ background }) => background).length).toBe(1);
});

test.each([
  ["a comma too many", Buffer.from('{"shapes": [{"label": "cat"},]}'), "got a comma behind the last entry in line 1."],
  [
    "letters of another code",
    Buffer.from('{"shapes": [{"label": "caf\xe9"}]}', "latin1"),
    "got another encoding. Save",
  ],
])("annotations that all have %s are told as labelme's", async (_, text, got) => {
  const root = temporaryFolder();
  put(root, "a.png", photograph(1));
  put(root, "a.json", text);
  expect((await told(root))[0]).toContain(got);
});
