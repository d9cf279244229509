/** Annotations as some programs and versions write them, a little beside the format: read as they are meant, or refused. */
import { expect, test } from "vitest";
import { drawnIn, told } from "../../../test/support/drawn-labels.ts";
import { photographPng, put, temporaryFolder } from "../../../test/support/pictures.ts";
import { nodePlatform as platform } from "../../platform/node.ts";
import { openDataset, splitsOf } from "../index.ts";

const [width, height] = [12, 8];

const square = [
  [0, 0],
  [4, 0],
  [4, 4],
  [0, 4],
];

test.each([
  ["without the outer list", square.flat()],
  ["as points", [square]],
  ["as points without the outer list", square],
])("COCO's polygons %s are read", async (_, segmentation) => {
  const root = temporaryFolder();
  put(root, "images/a.png", photographPng(width, height, 1));
  const images = [{ id: 1, file_name: "a.png" }];
  const annotations = [{ id: 1, image_id: 1, category_id: 1, segmentation }];
  put(root, "annotations.json", JSON.stringify({ images, annotations, categories: [{ id: 1, name: "cat" }] }));
  expect(await drawnIn(root)).toEqual([{ background: 80, cat: 16 }]);
});

test("a photograph that was turned in Label Studio is refused, since its shapes lie on the turned one", async () => {
  const root = temporaryFolder();
  put(root, "a.png", photographPng(width, height, 1));
  const size = { original_width: width, original_height: height };
  const value = { points: square, polygonlabels: ["cat"] };
  const result = [{ id: "r", type: "polygonlabels", ...size, image_rotation: 90, value }];
  put(root, "train.json", JSON.stringify([{ id: 7, data: { image: "a.png" }, annotations: [{ result }] }]));
  expect((await told(root))[0]).toBe(
    "$/train.json: task 7, result 1: expected shapes on the photograph as it is, got one turned by 90 degrees in Label Studio. " +
      "Turn it back there and draw the shapes anew, or turn the file and import that.",
  );
});

test("letters that XML writes by their number are these letters", async () => {
  const root = temporaryFolder();
  put(root, "images/tag & nacht/\u00e4.png", photographPng(width, height, 1));
  const shape = '<polygon label="caf&#233;" points="0,0;4,0;4,4;0,4"/>';
  const image = `<image name="tag &amp; nacht/a&#x308;.png" width="${width}" height="${height}">${shape}</image>`;
  put(root, "annotations.xml", `<annotations>${image}</annotations>`);
  expect(await drawnIn(root)).toEqual([{ background: 80, "caf\u00e9": 16 }]);
});

test("CVAT's images that are all of a subset of another name are told with it", async () => {
  const root = temporaryFolder();
  put(root, "images/a.png", photographPng(width, height, 1));
  put(root, "annotations.xml", '<annotations><image name="a.png" subset="field"/></annotations>');
  await expect(openDataset(platform, root, "train")).rejects.toThrow(
    'expected images of train, got only such of the subset "field". Give images this subset in CVAT',
  );
});

test("Supervisely's data sets in data sets are read, and annotations called without the photograph's ending", async () => {
  const root = temporaryFolder();
  const points = { exterior: square, interior: [] };
  const objects = [{ classTitle: "cat", geometryType: "polygon", points }];
  const annotation = JSON.stringify({ size: { width, height }, objects });
  put(root, "meta.json", JSON.stringify({ classes: [{ title: "cat", shape: "polygon" }] }));
  for (const [at, [folder, name]] of [
    ["day", "a.png"],
    ["day/datasets/noon", "b"],
    ["day/datasets/val", "c.png"],
  ].entries()) {
    put(root, `${folder}/img/${name[0]}.png`, photographPng(width, height, at));
    put(root, `${folder}/ann/${name}.json`, annotation);
  }
  expect(await splitsOf(platform, root)).toEqual(["train", "val"]);
  expect((await openDataset(platform, root, "train")).ids).toEqual(["a", "b"]);
  expect((await told(root)).filter((line) => !line.includes("split val"))).toEqual([]);
});

const box = [[0, 0, 4, 0, 4, 4, 0, 4]];
const coco = (images: object[], segmentation: unknown = box) => {
  const annotations = images.map((_, at) => ({ id: at, image_id: at, category_id: 1, segmentation }));
  const numbered = images.map((each, id) => ({ id, ...each }));
  return JSON.stringify({ images: numbered, annotations, categories: [{ id: 1, name: "cat" }] });
};

test("photographs that were saved as another kind than their annotation names are read, and that is said", async () => {
  const root = temporaryFolder();
  for (const name of ["a", "b", "c"]) put(root, `images/${name}.png`, photographPng(width, height, name.charCodeAt(0)));
  put(root, "annotations.json", coco([{ file_name: "a.jpg" }, { file_name: "b" }, { file_name: "c.jpg" }]));
  expect(await drawnIn(root)).toEqual([
    { background: 80, cat: 16 },
    { background: 80, cat: 16 },
    { background: 80, cat: 16 },
  ]);
  expect(await told(root)).toEqual([
    "$/images/a.png: expected photographs as $/annotations.json names them, got .png in place of .jpg. They are read. So is 1 other: c.png.",
    "$/images/b.png: expected photographs as $/annotations.json names them, got .png in place of no ending. They are read.",
  ]);
});

test.each([
  ["COCO", "annotations.json", coco([{ file_name: "a.png" }], [[0.1, 0.1, 0.9, 0.1, 0.9, 0.9]])],
  [
    "labelme",
    "images/a.json",
    JSON.stringify({
      shapes: [
        {
          label: "cat",
          points: [
            [0.1, 0],
            [1, 0],
            [1, 1],
          ],
        },
      ],
    }),
  ],
])("%s's corners in shares are refused, since they would all lie in one pixel", async (_, file, text) => {
  const root = temporaryFolder();
  put(root, "images/a.png", photographPng(width, height, 1));
  put(root, file, text);
  expect((await told(root))[0]).toMatch(
    /: expected corners in pixels, got all of them from 0 to 1\. Multiply x by the photograph's width and y by its height\.$/,
  );
});

test.each([
  [
    "COCO's picture without a name",
    "annotations.json",
    coco([{ coco_url: "x" }]),
    "images[0]: expected a file_name, got none.",
  ],
  [
    "labelme's files without photographs",
    "b.json",
    '{"shapes": []}',
    '$/b.json: expected an image named "b", got none.',
  ],
])("%s are told", async (_, file, text, message) => {
  const root = temporaryFolder();
  put(root, "a.png", photographPng(width, height, 1));
  put(root, file, text);
  expect((await told(root))[0]).toContain(message);
});
