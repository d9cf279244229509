/** What other programs' exports stumble on: nothing is lost, turned into another class, or told for the wrong reason. */
import { expect, test } from "vitest";
import { greyPng, png, put, temporaryFolder } from "../../../test/support/pictures.ts";
import { nodePlatform as platform } from "../../platform/node.ts";
import { contentsOf } from "../../runs/data-contents.ts";
import { openDataset, splitsOf } from "../index.ts";
import { inspectDataset } from "../inspect.ts";

const [width, height] = [12, 8];

function photograph(seed: number): Buffer {
  const values = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + seed * 91) % 251);
  return png({ width, height, depth: 8, colorType: 2, values });
}

/** Names of classes by their pixels in each sample of train. */
async function drawnIn(root: string): Promise<Record<string, number>[]> {
  const dataset = await openDataset(platform, root, "train", { onBadFile: "skip" });
  const samples = await Promise.all(dataset.ids.map((_, at) => dataset.read(at)));
  return samples.map(({ labels }) => {
    const counts: Record<string, number> = {};
    for (const label of labels.mask?.data ?? []) {
      const { name } = dataset.classes[label] ?? { name: "unlabelled" };
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  });
}

async function told(root: string): Promise<string[]> {
  const { problems, splits } = await inspectDataset(platform, root);
  const all = [...splits.flatMap((split) => [...split.problems, ...split.notes]), ...problems];
  return all.map(({ message }) => message.replaceAll(root, "$"));
}

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
])("labelme: %s is read", async (_, more, pixels) => {
  const root = temporaryFolder();
  put(root, "a.png", photograph(1));
  put(root, "a.JSON", ofLabelme("cat", more));
  expect(await drawnIn(root)).toEqual([{ background: width * height - pixels, cat: pixels }]);
});

test("labelme: masks that a model drew lie where their corner says", async () => {
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
])("labelme: photographs in %s with annotations in %s are read", async (images, annotations, of, id) => {
  const root = temporaryFolder();
  put(root, `${images}/${of}a.png`, photograph(1));
  put(root, `${annotations}/${of}a.json`, ofLabelme("cat"));
  put(root, `${annotations}/${of}0.json`, "");
  put(root, `${images}/${of}0.png`, photograph(2));
  const report = await inspectDataset(platform, root);
  const dataset = await openDataset(platform, root, "train", { onBadFile: "skip" });
  expect([report.layout, dataset.ids, report.splits[0].problems.length]).toEqual(["labelme", [`${id}a`], 1]);
});

test("labelme: annotations without photograph, or of another one, and labels that are no class are told", async () => {
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

const cvat = (images: string) =>
  `<annotations><meta><task><labels><label><name>cat</name></label></labels></task></meta>${images}</annotations>`;
const imageOf = (name: string, shapes: string) =>
  `<image name="${name}" width="${width}" height="${height}">${shapes}</image>`;
const polygon = '<polygon label="cat" points="0,0;4,0;4,4;0,4"/>';

test.each(["task_12.xml", "Annotations.XML"])("CVAT: an export that is called %s is read", async (file) => {
  const root = temporaryFolder();
  put(root, "images/a.png", photograph(1));
  put(root, file, cvat(imageOf("a.png", polygon)));
  expect([await drawnIn(root), await splitsOf(platform, root)]).toEqual([[{ background: 80, cat: 16 }], ["train"]]);
});

test.each([
  [cvat(""), 'expected images of train, got none. Export it anew as "CVAT for images 1.1".'],
  [
    cvat('<track id="0" label="cat"/>'),
    'expected images, got the tracks of a video. Export it anew as "CVAT for images',
  ],
  [
    cvat(imageOf("a.png", polygon.replace("cat", "horse"))),
    'annotations.xml, got "horse". Add it there, or correct the label.',
  ],
  [
    cvat(
      imageOf("a.png", '<mask label="cat" rle="0, 1000000000000" left="0" top="0" width="1000000" height="1000000"/>'),
    ),
    "mask 1: expected a mask in the image's",
  ],
])("CVAT: %s is refused", async (xml, message) => {
  const root = temporaryFolder();
  put(root, "images/a.png", photograph(1));
  put(root, "annotations.xml", xml);
  await expect(openDataset(platform, root, "train")).rejects.toThrow(message);
});

test("CVAT: two exports are refused by name, and faulty images are not said to be without a name", async () => {
  const root = temporaryFolder();
  put(root, "images/a.png", photograph(1));
  put(root, "images/b.png", photograph(2));
  put(root, "one.xml", cvat(imageOf("a.png", '<polyline label="cat" points="0,0;4,0"/>')));
  expect((await told(root)).slice(0, 2)).toEqual([
    "$/one.xml: a.png: expected shapes that cover pixels, got 1 polyline. Draw it as a polygon, a box, an ellipse or with the brush, or remove it.",
    "$: expected samples in the split train, got none. Add images and labels.",
  ]);
  put(root, "two.xml", cvat(imageOf("a.png", polygon)));
  expect(await told(root)).toEqual([
    "$: expected one export of CVAT, got one.xml, two.xml. Keep one, or put each into a folder train or val.",
  ]);
});

const shares = [
  [0, 0],
  [50, 0],
  [50, 50],
  [0, 50],
];
const result = (type: string, value: object, id = "r") => ({
  ...{ id, type, original_width: width, original_height: height, value },
});
const ofTask = (results: readonly object[], data: object = { image: "/data/upload/1/deadbeef-a.png" }) =>
  JSON.stringify([{ id: 1, data, annotations: [{ result: results }] }]);

test.each([
  [
    "labels of another result",
    [result("polygon", { points: shares }), result("labels", { points: shares, labels: ["cat"] })],
    undefined,
  ],
  [
    "texts before its photograph",
    [result("polygonlabels", { points: shares, polygonlabels: ["cat"] })],
    { text: "hello", image: "a.png" },
  ],
])("Label Studio: a task with %s is read", async (_, results, data) => {
  const root = temporaryFolder();
  put(root, "images/a.png", photograph(1));
  put(root, "export.json", ofTask(results, data));
  expect(await drawnIn(root)).toEqual([{ background: 72, cat: 24 }]);
});

test.each([
  [
    ofTask([result("polygon", { points: shares })]),
    "task 1, result 1: expected a label, got a polygon without. Choose a label",
  ],
  [
    JSON.stringify([{ id: 7, image: "a.png", label: [{ polygonlabels: ["cat"], original_width: width }] }]),
    'task 7: expected data with the address of a photograph, got none. Export it anew as "JSON".',
  ],
])("Label Studio: %s is refused", async (json, message) => {
  const root = temporaryFolder();
  put(root, "images/a.png", photograph(1));
  put(root, "export.json", json);
  await expect(openDataset(platform, root, "train")).rejects.toThrow(message);
});

const supervisely = (objects: readonly object[], classes = [{ title: "cat" }]) => {
  const root = temporaryFolder();
  put(root, "meta.json", JSON.stringify({ classes }));
  put(root, "ds/img/a.png", photograph(1));
  put(root, "ds/ann/a.png.json", JSON.stringify({ size: { width, height }, objects }));
  return root;
};
const corners = (far: number) => ({
  ...{ classTitle: "cat", geometryType: "polygon" },
  points: {
    exterior: [
      [-2, -2],
      [far, -2],
      [far, far],
      [-2, far],
    ],
    interior: [],
  },
});

test("Supervisely: corners outside of the picture take no memory, and far ones are refused", async () => {
  expect(await drawnIn(supervisely([corners(3)]))).toEqual([{ background: 80, cat: 16 }]);
  expect(await drawnIn(supervisely([corners(900_000)]))).toEqual([{ cat: 96 }]);
  expect((await told(supervisely([corners(2_000_000)])))[0]).toContain(
    "objects[0]: expected corners in the picture, got 2000000. Correct it, or remove it.",
  );
});

test("Supervisely: two classes of one name are refused, and a class that is missing is told with its list", async () => {
  const root = supervisely([corners(3)], [{ title: "cat" }, { title: "cat" }]);
  await expect(openDataset(platform, root, "train")).rejects.toThrow(
    'meta.json: expected a name of its own for each class, got "cat" twice. Rename one of the two.',
  );
  expect((await told(supervisely([{ ...corners(3), classTitle: "horse" }])))[0]).toBe(
    '$/ds/ann/a.png.json: objects[0]: expected a class of $/meta.json, got "horse". Add it there, or correct the label. Known: background, cat.',
  );
});

test("annotations of CVAT and Label Studio are files whose contents tell a run that they were changed", async () => {
  const one = temporaryFolder();
  put(one, "images/a.png", photograph(1));
  put(one, "annotations.xml", cvat(imageOf("a.png", polygon)));
  const before = await contentsOf(platform, await openDataset(platform, one, "train"));
  put(one, "annotations.xml", cvat(imageOf("a.png", polygon.replace("4,4", "5,4"))));
  expect(await contentsOf(platform, await openDataset(platform, one, "train"))).not.toBe(before);
  const two = temporaryFolder();
  put(two, "images/a.png", photograph(1));
  put(two, "export.json", ofTask([result("polygonlabels", { points: shares, polygonlabels: ["cat"] })]));
  expect(await contentsOf(platform, await openDataset(platform, two, "train"))).toMatch(/^[0-9a-f]+$/);
});

test("labelme: what predict writes is read beside its photographs, and what was corrected goes before", async () => {
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
