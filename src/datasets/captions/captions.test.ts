import { rmSync, truncateSync } from "node:fs";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import { pairIn, photo, shownPairs } from "../../../test/support/caption-pairs.ts";
import { put, temporaryFolder } from "../../../test/support/pictures.ts";
import { tar } from "../../../test/support/tar.ts";
import { batches } from "../../data/batches.ts";
import type { Dataset } from "../../data/dataset.ts";
import { nodePlatform as platform } from "../../platform/node.ts";
import { openDataset, splitsOf } from "../index.ts";
import { inspectDataset } from "../inspect.ts";

describe("tables", () => {
  const withPhotos = (...names: string[]) => {
    const root = temporaryFolder();
    for (const name of names) put(root, name, photo);
    return root;
  };

  test.each([
    ["pairs.csv", 'id,caption,image\r\n1,"A ""red"" car,\r\nparked",p/a.jpg\r\n\r\n2,Two dogs,p/b.jpg\r\n'],
    ["pairs.tsv", '\ufeffid\timage\tcaption\n1\tp/a.jpg\tA "red" car, parked\n2\tp/b.jpg\tTwo dogs'],
    ["plain.tsv", 'A "red" car, parked\tp/a.jpg\nTwo dogs\tp/b.jpg\n'],
    ["turned.csv", 'p/a.jpg,"A ""red"" car, parked"\np/b.jpg,Two dogs\n'],
    ["urls.tsv", 'A "red" car, parked\thttp://x.org/p/a.jpg?w=5\nTwo dogs\thttps://y.org/b.jpg\n'],
    [
      "pairs.jsonl",
      '{"image": "./p/a.jpg", "caption": "A \\"red\\" car, parked"}\n\n{"file_name": "p\\\\b.jpg", "text": ["Two dogs"]}',
    ],
  ])("%s", async (name, content) => {
    const root = withPhotos("p/a.jpg", "p/b.jpg", "a.jpg", "b.jpg");
    const dataset = await openDataset(platform, put(root, name, content), "train");
    const pairs = await shownPairs(dataset);
    expect(pairs.map((pair) => pair.replace(/^.*?: /, "").replace(/\s+/g, " "))).toEqual([
      ...['A "red" car, parked', "Two dogs"],
    ]);
    expect(dataset.leftOut).toEqual([]);
    expect(new Set(dataset.ids).size).toBe(2);
  });

  test.each<[string, string]>([
    ["pairs.ndjson", '{"image": "a.jpg", "caption": "one"}\n{"image": "p/b.jpg", "caption": "two"}\n'],
    ["pairs.json", '[\n {"image": "a.jpg", "caption": "one"},\n {"image": "p/b.jpg", "caption": ["two"]}, 5]'],
    ["lines.json", '\ufeff{"image": "a.jpg", "caption": "one"}\n{"image": "p/b.jpg", "caption": "two"}\n'],
  ])("%s holds pairs", async (name, content) => {
    const root = withPhotos("a.jpg", "p/b.jpg");
    const dataset = await openDataset(platform, put(root, name, content), "train");
    expect(await shownPairs(dataset)).toEqual(["a: one", "p-b: two"]);
    expect(dataset.leftOut).toEqual(
      name === "pairs.json" ? [`${root}/${name}: row 3: left out: the row is no object.`] : [],
    );
  });

  test.each([
    ["{\n}", "expected an array of pairs of photograph and caption, got {}"],
    ["[1,", "got broken JSON"],
    ["", "got broken JSON"],
  ])("a .json of %j is refused", async (content, message) => {
    const file = put(temporaryFolder(), "t.json", content);
    const layout = "caption-table";
    await expect(openDataset(platform, file, "train", { layout })).rejects.toThrow(message);
  });

  test("an array that is too large to be read whole is told how to be lines", async () => {
    const file = put(temporaryFolder(), "large.json", "[");
    truncateSync(file, 2 ** 28 + 1);
    await expect(openDataset(platform, file, "train")).rejects.toThrow(
      `${file}: expected an array of at most 256 MiB, got 257 MiB. Write a pair a line, which may be of any size: jq`,
    );
  });

  test("the only table of a folder is found, and one of several is to be named", async () => {
    const root = withPhotos("a.jpg");
    put(root, "pairs.csv", "image,caption\na.jpg,one\n");
    expect(await shownPairs(await openDataset(platform, root, "train"))).toEqual(["a: one"]);
    put(root, "other.tsv", "image\tcaption\n");
    await expect(openDataset(platform, root, "train")).rejects.toThrow(
      `A table of captions is given by its file: ${root}/other.tsv`,
    );
  });

  test("photographs may lie in another folder, and be listed once for each caption", async () => {
    const photos = withPhotos("a.jpg");
    const table = put(temporaryFolder(), "t.csv", "image,caption\na.jpg,one\na.jpg,two\n");
    const dataset = await openDataset(platform, table, "train", { images: photos });
    expect(await shownPairs(dataset)).toEqual(["a: one", "a~2: two"]);
    put(photos, "a~2.jpg", photo);
    const odd = put(temporaryFolder(), "t.csv", "image,caption\na~2.jpg,0\na.jpg,1\na.jpg,2\na.jpg,3\na~2.jpg,4\n");
    const { ids } = await openDataset(platform, odd, "train", { images: photos });
    expect(ids).toEqual(["a~2", "a", "a~3", "a~4", "a~2~2"]);
  });

  test("a table is looked for in a folder without images/", async () => {
    const root = withPhotos("a.jpg");
    put(root, "captions.tsv", "a red car\ta.jpg\n");
    expect(await shownPairs(await openDataset(platform, root, "train"))).toEqual(["a: a red car"]);
  });

  test("rows longer than what is read at a time, and rows over its edge, are whole", async () => {
    const root = withPhotos("a.jpg");
    const captions = Array.from(
      { length: 40 },
      (_, row) => `${row} ${"word ".repeat(row === 20 ? 300_000 : 9_000)}end`,
    );
    const file = put(root, "long.csv", `image,caption\n${captions.map((each) => `a.jpg,"${each}"`).join("\n")}\n`);
    const dataset = await openDataset(platform, file, "train");
    const read = await Promise.all(dataset.ids.map(async (_, row) => (await dataset.read(row)).labels.captions?.[0]));
    expect(read).toEqual(captions);
  });

  test("bad rows are left out, counted, and the first named", async () => {
    const root = withPhotos("a.jpg");
    const rows = [
      '{"image": "a.jpg", "caption": "good"}',
      '{"image": "a.jpg", "caption": ""}',
      '{"image": "a.jpg"}',
      '{"caption": "no name"}',
      '{"image": 5, "caption": "x"}',
      '{"image": "b.jpg", "caption": "not there"}',
      '{"image": "../a.jpg", "caption": "out"}',
      '{"image": "/etc/passwd", "caption": "out"}',
      '{"image": "C:\\\\a.jpg", "caption": "out"}',
      '{"image": "a.jpg", "captions": ["one", 2]}',
      "[]",
      "{",
    ];
    const latin = Buffer.from('\n{"image": "a.jpg", "caption": "caf\xe9"}\n', "latin1");
    const file = put(root, "t.jsonl", Buffer.concat([Buffer.from(rows.join("\n")), latin]));
    const dataset = await openDataset(platform, file, "train");
    expect(await shownPairs(dataset)).toEqual(["a: good"]);
    expect(dataset.leftOut).toEqual([
      `${file}: row 2: left out: the caption is empty.`,
      `${file}: row 3: left out: the caption is missing.`,
      `${file}: row 4: left out: the photograph is not named; so in 1 other (${file}: row 5).`,
      `${file}: row 6: left out: the photograph is missing.`,
      `${file}: row 7: left out: the path leads out of the folder; so in 2 others (${file}: row 8, ${file}: row 9).`,
      `${file}: row 10: left out: the caption is no text.`,
      `${file}: row 11: left out: the row is no object.`,
      `${file}: row 12: left out: the line is broken JSON.`,
      `${file}: row 13: left out: the text is not UTF-8.`,
    ]);
    await expect(openDataset(platform, file, "train", { badPairs: { share: 0.5 } })).rejects.toThrow(
      /expected at most 6 bad pairs of 13, got 3 where the path leads out of the folder \(.*Correct them, or allow more by --bad-pairs\.$/,
    );
  });

  test("columns that cannot be told are refused", async () => {
    const file = put(temporaryFolder(), "t.csv", "id,width,height\n1,2,3\n");
    await expect(openDataset(platform, file, "train")).rejects.toThrow(
      /t\.csv: expected columns for the photograph \(image, .*got "id, width, height"\. Name them in the first row\.$/,
    );
  });

  test("a table of bad rows alone says what is wrong with them", async () => {
    const file = put(temporaryFolder(), "t.csv", "image,caption\na.jpg,one\n");
    await expect(openDataset(platform, file, "train")).rejects.toThrow(
      "row 2: left out: the photograph is missing. Add",
    );
  });
});

describe("image folders of Hugging Face", () => {
  const parquet = (columnData: Parameters<typeof parquetWriteBuffer>[0]["columnData"]) =>
    new Uint8Array(parquetWriteBuffer({ columnData }));

  test.each<[string, string | Uint8Array]>([
    ["metadata.jsonl", '{"file_name": "p/a.jpg", "text": "A red car"}\n{"file_name": "b.jpg", "text": "Two dogs"}\n'],
    ["metadata.csv", "file_name,text\np/a.jpg,A red car\nb.jpg,Two dogs\n"],
    [
      "metadata.parquet",
      parquet([
        { name: "width", data: [8, 8], type: "INT32" },
        { name: "file_name", data: ["p/a.jpg", "b.jpg"], type: "STRING" },
        { name: "text", data: ["A red car", "Two dogs"], type: "STRING" },
      ]),
    ],
  ])("%s", async (name, content) => {
    const root = temporaryFolder();
    for (const split of ["train", "validation"]) {
      for (const photograph of ["p/a.jpg", "b.jpg"]) put(root, `${split}/${photograph}`, photo);
      put(root, `${split}/${name}`, content);
    }
    expect(await splitsOf(platform, root)).toEqual(["train", "val"]);
    expect(await shownPairs(await openDataset(platform, root, "val"))).toEqual(["p-a: A red car", "b: Two dogs"]);
  });

  test("bad rows and broken files of Parquet", async () => {
    const root = temporaryFolder();
    put(root, "a.jpg", photo);
    const data = { file_name: ["a.jpg", "b.jpg", "../a.jpg", "a.jpg"], text: ["good", "gone", "out", " "] };
    const columns = Object.entries(data).map(([name, values]) => ({ name, data: values, type: "STRING" as const }));
    const bytes = parquet(columns);
    const file = put(root, "metadata.parquet", bytes);
    const dataset = await openDataset(platform, root, "train");
    expect(await shownPairs(dataset)).toEqual(["a: good"]);
    expect(dataset.leftOut).toEqual([
      `${file}: row 2: left out: the photograph is missing.`,
      `${file}: row 3: left out: the path leads out of the folder.`,
      `${file}: row 4: left out: the caption is empty.`,
    ]);
    put(root, "metadata.parquet", bytes.subarray(0, bytes.length - 20));
    await expect(openDataset(platform, root, "train")).rejects.toThrow(
      /metadata\.parquet: expected a Parquet file, got a broken one/,
    );
    put(root, "metadata.parquet", parquet([{ name: "id", data: [1], type: "INT32" }]));
    await expect(openDataset(platform, root, "train")).rejects.toThrow(/expected a column of file names .*, got id\./);
  });
});

describe("texts beside photographs", () => {
  test("in folders inside, whose names make ids differ", async () => {
    const root = temporaryFolder();
    for (const place of ["train/in/a", "train/out/a", "train/b", "val/in/c"]) {
      put(root, `${place}.jpg`, photo);
      put(root, `${place}.txt`, place);
    }
    expect(await splitsOf(platform, root)).toEqual(["train", "val"]);
    const pairs = ["b: train/b", "in-a: train/in/a", "out-a: train/out/a"];
    // What lies in the folder itself is taken alone.
    expect(await shownPairs(await openDataset(platform, root, "train"))).toEqual([pairs[0]]);
    rmSync(`${root}/train/b.jpg`);
    rmSync(`${root}/train/b.txt`);
    expect(await shownPairs(await openDataset(platform, root, "train"))).toEqual(pairs.slice(1));
    const layout = "text-beside-image";
    const deep = await openDataset(platform, `${root}/train`, "train", { layout, images: root });
    expect(await shownPairs(deep)).toEqual(pairs.slice(1));
    expect(deep.source(0)).toBe(`${root}/train/in/a.jpg`);
  });

  test("numbers beside photographs are no captions, however deep", async () => {
    const root = temporaryFolder();
    put(root, "x/y/a.jpg", photo);
    put(root, "x/y/a.txt", "0 0.5 0.5 0.2 0.2\n");
    await expect(openDataset(platform, root, "train")).rejects.toThrow();
    expect((await inspectDataset(platform, root)).layout).not.toBe("text-beside-image");
  });

  test("a sentence a line, and what has no partner is left out", async () => {
    const root = temporaryFolder();
    for (const name of ["a.jpg", "b.png", "b.jpg", "alone.jpg", "blank.jpg"]) put(root, name, photo);
    put(root, "a.txt", "\ufeffA red car.\r\n\r\nIt is parked.\n");
    put(root, "b.TXT", "Two dogs");
    put(root, `${"é".normalize("NFD")}.jpg`, photo);
    put(root, "é.txt", "accents");
    put(root, "blank.txt", "\n");
    put(root, "lost.txt", "nothing");
    const dataset = await openDataset(platform, root, "train");
    expect(await shownPairs(dataset)).toEqual(["a: A red car. | It is parked.", "b: Two dogs", "é: accents"]);
    expect(dataset.leftOut).toEqual([
      `${root}/alone.jpg: left out: the caption is missing.`,
      `${root}/b.png: left out: the name occurs twice.`,
      `${root}/blank.jpg: left out: the caption is empty.`,
      `${root}/lost.txt: left out: the photograph is missing.`,
    ]);
  });
});

test("captions are cleaned as YFCC is, and what is left of them in one word is dropped", async () => {
  const root = temporaryFolder();
  put(root, "a.jpg", photo);
  const captions = ["A+red%20car+%3Cb%3Enow%3C%2Fb%3E%0Ahere 100%", "IMG_0042", "<a href=x>the sea</a>"];
  const lines = captions.map((caption) => JSON.stringify({ image: "a.jpg", caption }));
  const file = put(root, "t.jsonl", lines.join("\n"));
  const dataset = await openDataset(platform, file, "train", { captionCleaning: "yfcc", badPairs: { count: 0 } });
  expect(await shownPairs(dataset)).toEqual(["a: A red car now here 100%", "a~3: the sea"]);
  expect(dataset.leftOut).toEqual([`${file}: a~2: left out: the cleaned caption has fewer than two words.`]);
});

test("photographs that cannot be read are passed over in training as far as the budget goes", async () => {
  const root = temporaryFolder();
  const files = Array.from({ length: 6 }, (_, at) => pairIn(`${at}`, `caption ${at}`)).flat();
  const broken = files.map((file) => (file.name === "3.jpg" ? { ...file, content: photo.subarray(0, 200) } : file));
  const path = put(root, "a.tar", tar(...broken));
  const epoch = async (dataset: Dataset) => {
    const found = batches(dataset, { batchSize: 3, seed: 0, toStep: 2, prepare: () => ({}) });
    const ids: string[] = [];
    for await (const batch of found) ids.push(...batch.ids);
    return { ids: ids.sort(), skipped: found.skipped };
  };
  const { ids, skipped } = await epoch(await openDataset(platform, path, "train"));
  expect(ids).not.toContain("3");
  expect(ids.length).toBe(6);
  expect(skipped).toEqual([expect.stringContaining(`${path}: 3: expected an intact photograph`)]);
  const strict = await openDataset(platform, path, "train", { badPairs: { count: 0 } });
  await expect(epoch(strict)).rejects.toThrow("expected at most 0 unreadable samples, got 1");
});

test("inspect counts pairs and lists what is bad", async () => {
  const root = temporaryFolder();
  const path = put(
    root,
    "a.tar",
    tar(
      ...pairIn("1", "one"),
      ...pairIn("2", ""),
      { name: "3.jpg", content: "no picture" },
      { name: "3.txt", content: "three" },
    ),
  );
  const { layout, splits, problems } = await inspectDataset(platform, path);
  expect([layout, problems, splits.map(({ samples, readable }) => [samples, readable])]).toEqual([
    "webdataset",
    [],
    [[2, 1]],
  ]);
  expect(splits[0].labels.captions).toEqual({ samples: 1, perSample: { smallest: 1, median: 1, largest: 1 } });
  expect(splits[0].problems.map(({ message }) => message)).toEqual([
    `${path}: 2: left out: the caption is empty.`,
    expect.stringContaining(`${path}: 3: expected an intact photograph`),
  ]);
});

test("a layout that is named and not there is refused with what it is", async () => {
  const root = temporaryFolder();
  await expect(openDataset(platform, root, "train", { layout: "webdataset" })).rejects.toThrow(
    "expected the layout webdataset (WebDataset: tar archives of photographs and captions), got none of its files.",
  );
  await expect(openDataset(platform, root, "train", { layout: "webdatset" })).rejects.toThrow(
    "Did you mean webdataset?",
  );
});
