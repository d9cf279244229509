/** What other programs' exports stumble on: nothing is lost, turned into another class, or told for the wrong reason. */
import { expect, test } from "vitest";
import { drawnIn, told } from "../../../test/support/drawn-labels.ts";
import { photographPng, put, temporaryFolder } from "../../../test/support/pictures.ts";
import { nodePlatform as platform } from "../../platform/node.ts";
import { contentsOf } from "../../runs/data-contents.ts";
import { openDataset, splitsOf } from "../index.ts";

const [width, height] = [12, 8];

const photograph = (seed: number) => photographPng(width, height, seed);

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
