/** Results in the forms of other programs: what is written says what the mask says. */
import { expect, test } from "vitest";
import { png, put, temporaryFolder } from "../../test/support/pictures.ts";
import { Random } from "../array/random.ts";
import { openDataset } from "../datasets/index.ts";
import type { LabelMap } from "../image/image.ts";
import { nodePlatform as platform } from "../platform/node.ts";
import { encodeForm, type PhotographForm } from "./forms.ts";
import { georeferenceOf, worldFile } from "./georeference.ts";
import type { Segmentation } from "./segmentation.ts";

const classes = [
  { name: "background", color: [0, 0, 0] },
  { name: "cat & dog", color: [255, 0, 0] },
  { name: "tree", color: [0, 128, 0] },
] as const;

function resultOf(rows: readonly string[]): Segmentation {
  const data = Uint8Array.from(rows.join(""), Number);
  return { labels: { width: rows[0].length, height: rows.length, data }, areas: [] };
}

const nested = resultOf(["11111000", "10001000", "10201022", "10001020", "11111022"]);

async function text(
  form: PhotographForm,
  result: Segmentation,
  georeference?: Parameters<typeof worldFile>[0],
): Promise<string> {
  return (await encodeForm(form, result, { classes }, { photograph: "../a.png", platform, georeference })) as string;
}

test("labelme reads back what was written for it, also an island in a hole", async () => {
  const random = new Random(1, "map");
  const wild = Array.from({ length: 9 }, () => Array.from({ length: 11 }, () => random.integer(3)).join(""));
  for (const result of [nested, resultOf(wild)]) {
    const { width, height, data } = result.labels;
    const root = temporaryFolder();
    put(root, "a.png", png({ width, height, depth: 8, colorType: 0, values: data }));
    put(root, "a.json", await text("labelme", result));
    const dataset = await openDataset(platform, root, "train");
    const { labels } = await dataset.read(0);
    const names = Array.from((labels.mask as LabelMap).data, (value) => dataset.classes[value].name);
    expect(names).toEqual(Array.from(data, (value) => classes[value].name));
  }
});

test("GeoJSON has a multipolygon with holes for each class, outer rings counterclockwise where y goes upwards", async () => {
  const { features, crs } = JSON.parse(await text("geojson", nested)) as GeoJson;
  expect(crs).toBeUndefined();
  expect(features.map(({ properties: { class: name, pixels } }) => [name, pixels])).toEqual([
    ["background", 18],
    ["cat & dog", 16],
    ["tree", 6],
  ]);
  const [ring] = features[1].geometry.coordinates;
  expect(ring.map((each) => each.length)).toEqual([5, 5]);
  expect(ring[0][0]).toEqual(ring[0].at(-1));
  expect(signedArea(ring[0])).toBe(25);
  expect(signedArea(ring[1])).toBe(-9);
  const placed = { transform: [500_000, 2, 0, 6_000_000, 0, -2], epsg: 32633 } as const;
  const there = JSON.parse(await text("geojson", nested, placed)) as GeoJson;
  expect(there.crs?.properties.name).toBe("urn:ogc:def:crs:EPSG::32633");
  const [square] = there.features[1].geometry.coordinates;
  expect(signedArea(square[0])).toBe(100);
  expect(square[0]).toContainEqual([500_010, 5_999_990]);
});

interface GeoJson {
  readonly crs?: { readonly properties: { readonly name: string } };
  readonly features: readonly {
    readonly properties: { readonly class: string; readonly pixels: number };
    readonly geometry: { readonly coordinates: readonly (readonly (readonly [number, number])[])[][] };
  }[];
}

function signedArea(ring: readonly (readonly [number, number])[]): number {
  let sum = 0;
  for (let at = 0; at + 1 < ring.length; at++) sum += ring[at][0] * ring[at + 1][1] - ring[at + 1][0] * ring[at][1];
  return sum / 2;
}

test("SVG has a path for each class, with its name", async () => {
  const svg = await text("svg", resultOf(["12"]));
  expect(svg).toContain('viewBox="0 0 2 1"');
  expect(svg).toContain(
    '<path fill="#ff0000" fill-rule="evenodd" d="M0 0L1 0L1 1L0 1Z"><title>cat &#38; dog</title></path>',
  );
});

test("segments of a panoptic model are polygons of their own, and what has none is left out", async () => {
  const { labels } = nested;
  const data = Uint32Array.from(labels.data, (value) => (value === 2 ? 7 : 0));
  const segments = [{ id: 7, classIndex: 2, crowd: false, score: 0.75 }];
  const { features } = JSON.parse(await text("geojson", { ...nested, panoptic: { ...labels, data, segments } }));
  expect(features).toHaveLength(1);
  expect(features[0].properties).toEqual({
    ...{ class: "tree", index: 2, color: "#008000", pixels: 6, segment: 7, score: 0.75 },
  });
});

test("a world file says where the middle of the first pixel is, and is read so", async () => {
  const root = temporaryFolder();
  put(root, "a.png", png({ width: 2, height: 1, depth: 8, colorType: 0, values: [0, 1] }));
  expect(await georeferenceOf(platform, `${root}/a.png`)).toBeUndefined();
  put(root, "a.pgw", "2\n0\n0\n-2\n101\n199\n");
  const found = await georeferenceOf(platform, `${root}/a.png`);
  expect(found).toEqual({ transform: [100, 2, 0, 200, 0, -2], epsg: null });
  expect(worldFile(found!)).toBe("2\n0\n0\n-2\n101\n199\n");
});

/** A TIFF of one pixel with fields of doubles (scale, tie point) and shorts (keys). */
function geoTiff(point: boolean): Uint8Array {
  const doubles = [0.5, 0.5, 0, 1, 1, 0, 300, 400, 0];
  const keys = [1, 1, 0, 2, 1025, 0, 1, point ? 2 : 1, 3072, 0, 1, 25832];
  const fields: [tag: number, type: number, count: number, value: number][] = [
    ...(
      [
        [256, 3, 1, 1],
        [257, 3, 1, 1],
        [258, 3, 1, 8],
        [259, 3, 1, 1],
        [262, 3, 1, 1],
        [273, 4, 1, 8],
      ] as const
    ).map((each) => [...each] as [number, number, number, number]),
    [277, 3, 1, 1],
    [278, 3, 1, 1],
    [279, 4, 1, 1],
    [33550, 12, 3, 200],
    [33922, 12, 6, 224],
    [34735, 3, keys.length, 272],
  ];
  const bytes = new Uint8Array(272 + 2 * keys.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x002a4949, true);
  view.setUint32(4, 10, true);
  bytes[8] = 77;
  view.setUint16(10, fields.length, true);
  for (const [at, [tag, type, count, value]] of fields.entries()) {
    const place = 12 + 12 * at;
    view.setUint16(place, tag, true);
    view.setUint16(place + 2, type, true);
    view.setUint32(place + 4, count, true);
    view.setUint32(place + 8, value, true);
  }
  for (const [at, value] of doubles.entries()) view.setFloat64(200 + 8 * at, value, true);
  for (const [at, value] of keys.entries()) view.setUint16(272 + 2 * at, value, true);
  return bytes;
}

test("GeoTIFF's scale and tie point are read, of areas and of points, with the code of the system", async () => {
  const root = temporaryFolder();
  put(root, "a.tif", geoTiff(false));
  put(root, "b.tif", geoTiff(true));
  expect(await georeferenceOf(platform, `${root}/a.tif`)).toEqual({
    ...{ transform: [299.5, 0.5, 0, 400.5, 0, -0.5], epsg: 25832 },
  });
  expect((await georeferenceOf(platform, `${root}/b.tif`))?.transform).toEqual([299.25, 0.5, 0, 400.75, 0, -0.5]);
});

test("the class of each pixel of a panoptic model is a mask with names, and asked of others in vain", async () => {
  const readOut = nested.labels;
  const place = { photograph: "a.png", platform };
  const content = (await encodeForm("semantic", { ...nested, readOut }, { classes }, place)) as Uint8Array;
  const root = temporaryFolder();
  put(root, "a.png", content);
  const { data, palette } = await platform.decodeMask(`${root}/a.png`);
  expect([[...data], palette?.slice(0, 3)]).toEqual([[...readOut.data], classes.map(({ color }) => color)]);
  await expect(encodeForm("semantic", nested, { classes }, place)).rejects.toThrow(
    "predict: expected a model that says the class of every pixel for semantic, got another panoptic one. Leave it out.",
  );
});
