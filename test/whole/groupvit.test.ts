/** GroupViT as users run it: from captions to masks of any words; published files in, out, and by name. */
import { readFileSync } from "node:fs";
import { copyFile, cp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encoders } from "../../src/backbones/encoders.ts";
import { publishedNames } from "../../src/backbones/published.ts";
import type { Classification } from "../../src/evaluation/classify.ts";
import { Model } from "../../src/graph/scope.ts";
import { input } from "../../src/graph/tensor.ts";
import { nodePlatform as platform } from "../../src/platform/node.ts";
import { writeScenes } from "../../src/scenes/write.ts";
import { clipMerges } from "../../src/text/clip-merges.ts";
import { tokenizerJson } from "../../src/text/tokenizer-json.ts";
import { writeSafetensors } from "../../src/weights/safetensors.ts";
import { digests, type Ended, expectOneLine, start, stopped, temporaryFolder, tessera } from "../support/cli.ts";
import { commitOf, type FakeHub, startFakeHub } from "../support/fake-hub.ts";
import { freshWeights } from "../support/weights.ts";

let folder: string;
let remove: () => Promise<void>;
/** Photographs with captions and nothing else. */
let data: string;
let scenes: string;
let run: string;
let photograph: string;

const steps = 6;
const brief = [
  "--steps",
  `${steps}`,
  "--set",
  "batchSize=4",
  "--set",
  "checkpointEvery=2",
  "--set",
  "keepCheckpoints=9",
];
const train = (out: string, ...more: readonly string[]) => [
  "train",
  data,
  "--recipe",
  "groupvit-tiny",
  ...brief,
  "--out",
  out,
  ...more,
];

/** The tiny recipe's heads are in no file. */
const heads = ["--set", "heads=2,2,2", "--set", "textHeads=2"];

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  scenes = `${folder}/scenes`;
  data = `${folder}/data`;
  run = `${folder}/run`;
  await writeScenes(platform, "scenes:size=96x64,train=12,val=3,test=1,classes=coarse,kind=street", scenes);
  await mkdir(`${data}/images`, { recursive: true });
  await cp(`${scenes}/images/train`, `${data}/images/train`, { recursive: true });
  await copyFile(`${scenes}/captions.jsonl`, `${data}/captions.jsonl`);
  photograph = `${scenes}/images/val/val_000000.jpg`;
  expect(await tessera(...train(run))).toMatchObject({ code: 0 });
});
afterAll(() => remove());

const masksOf = async (out: string) => (await platform.decodeMask(`${out}/val_000000.png`)).data;

async function predict(model: string, out: string, ...more: readonly string[]): Promise<Ended> {
  const ended = await tessera("predict", model, photograph, "--out", `${folder}/${out}`, ...more);
  expect(ended, ended.error).toMatchObject({ code: 0 });
  return ended;
}

interface Record {
  readonly classes: readonly {
    readonly name: string;
    readonly pixels: number;
    readonly share: number;
    readonly score?: number | null;
  }[];
}
const record = async (out: string) => JSON.parse(await readFile(`${folder}/${out}/val_000000.json`, "utf8")) as Record;

describe("a run that learned from captions alone", () => {
  test("was trained on the data set that has them, by a recipe that is chosen for it", async () => {
    const chosen = await tessera("train", data, "--out", `${folder}/chosen`, "--steps", "1", "--set", "batchSize=2");
    expect([chosen.code, chosen.error]).toEqual([0, expect.stringContaining("recipe groupvit-small: ")]);
  });

  test("is the same after Ctrl-C and a kill", async () => {
    const again = `${folder}/again`;
    expect((await stopped(train(again), { after: "checkpoints/step-00000002" }, "SIGKILL")).code).not.toBe(0);
    await stopped(train(again, "--resume"), { after: "checkpoints/step-00000004" }, "SIGINT");
    expect(await tessera(...train(again, "--resume"))).toMatchObject({ code: 0 });
    const last = `checkpoints/step-${String(steps).padStart(8, "0")}`;
    const of = (path: string) => path.startsWith(`${last}/`) || path === "metrics.jsonl";
    const [broken, whole] = [await digests(again, of), await digests(run, of)];
    expect(Object.keys(broken).length).toBeGreaterThan(2);
    expect(broken).toEqual(whole);
  });

  test("segments the words that are asked for, all pixels, with names, colours and areas", async () => {
    const { out } = await predict(run, "words", "--classes", "sky, road=street|asphalt, red car");
    expect(out).toContain("val_000000.png");
    const { classes } = await record("words");
    expect(classes.map(({ name }) => name)).toEqual(["sky", "road", "red car"]);
    expect(classes.reduce((sum, { pixels }) => sum + pixels, 0)).toBe(96 * 64);
    expect(await readdir(`${folder}/words`)).toContain("val_000000.overlay.png");
  });

  test("takes words from a file, a background with a threshold, templates and the port's scores", async () => {
    await writeFile(`${folder}/words.txt`, "# what to look for\nsky\nroad=street, asphalt\n");
    const asked = ["--classes-file", `${folder}/words.txt`];
    await predict(run, "ground", ...asked, "--threshold", "1");
    const { classes } = await record("ground");
    expect(classes.map(({ name }) => name)).toEqual(["background", "sky", "road"]);
    expect(classes[0].share).toBeGreaterThan(0.5);
    await predict(run, "none", ...asked, "--background", "--set", "threshold=0");
    expect((await record("none")).classes[0].share).toBe(0);
    await predict(run, "port", ...asked, "--set", "scores=hf", "--set", "templates=full", "--set", "normalization=hf");
    expect((await record("port")).classes.map(({ name }) => name)).toEqual(["sky", "road"]);
  });

  test("is exported with its words built in, and predicts the same", async () => {
    const asked = ["--classes", "sky, road, car", "--background", "--threshold", "0.4"];
    const file = `${folder}/words.onnx`;
    expect(await tessera("export", run, "--out", file, ...asked)).toMatchObject({ code: 0 });
    await predict(run, "own", ...asked);
    await predict(file, "exported");
    expect(await masksOf(`${folder}/exported`)).toEqual(await masksOf(`${folder}/own`));
    // ONNX Runtime alone, without any of our code.
    const session = await InferenceSession.create(file, { logSeverityLevel: 3 });
    const { data: pixels, height, width } = await platform.decodeImage(photograph);
    const image = new Tensor("uint8", Uint8Array.from(pixels), [height, width, 3]);
    const { labels } = await session.run({ image });
    expect(labels.dims).toEqual([height, width]);
    expect(Array.from(labels.data as Uint8Array, Number)).toEqual(Array.from(await masksOf(`${folder}/own`), Number));
    await session.release();
    for (const option of [
      ["--classes", "sky"],
      ["--threshold", "0.2"],
    ]) {
      const refused = await tessera("predict", file, photograph, "--out", `${folder}/no`, ...option);
      expectOneLine(refused, /expected no --(?:classes|set) for an exported model/);
    }
  });

  test("is scored on masks that it never saw, by the words of their classes", async () => {
    const { code, out } = await tessera("eval", run, scenes, "--no-boundary", "--json");
    const { measures, images } = JSON.parse(out) as { measures: { name: string; value: number }[]; images: number };
    expect([code, images, measures[0].name, measures[0].value >= 0]).toEqual([0, 3, "mean IoU", true]);
  });

  test("is scored by what its groups are worth as well", async () => {
    const { code, out, error } = await tessera("eval", run, scenes, "--no-boundary", "--groups", "--json");
    expect([code, error]).toEqual([0, expect.anything()]);
    const { measures } = JSON.parse(out) as { measures: { name: string; value: number }[] };
    const last = measures.slice(-2);
    expect(last.map(({ name }) => name)).toEqual(["oracle mean IoU", "mask probing"]);
    for (const { value } of last) expect(value).toBeGreaterThan(0);
    // No names are better than the best.
    expect(last[0].value).toBeGreaterThanOrEqual(measures[0].value);
    expectOneLine(
      await tessera("eval", run, scenes, "--baseline", "k-means"),
      /expected a model without groups .* for --baseline, got one of recipe groupvit-tiny\. Train such a one/,
    );
  });

  test("shows the groups of each stage, with words or without", async () => {
    for (const words of [[], ["--classes", "sky, road"]]) {
      const out = `${folder}/inside${words.length}`;
      expect(await tessera("show", run, photograph, "--out", out, ...words)).toMatchObject({ code: 0 });
      const pictures = (await readdir(out)).filter((name) => name.endsWith(".png")).sort();
      const expected = [1, 2].flatMap((stage) =>
        [".index", ""].map((map) => `val_000000.groups-stage-${stage}${map}.png`),
      );
      expect(pictures).toEqual(expected);
      const { show } = JSON.parse(await readFile(`${out}/show.json`, "utf8"));
      expect([...show].sort()).toEqual(expected);
      const { width, height } = await platform.decodeImage(photograph);
      const map = await platform.decodeMask(`${out}/${expected[0]}`);
      expect([map.width, map.height, Math.max(...map.data) < 8]).toEqual([width, height, true]);
    }
    const few = `${folder}/few`;
    expect(await tessera("show", run, photograph, "--out", few, "--set", "shownGroups=1")).toMatchObject({ code: 0 });
    const { data } = await platform.decodeMask(`${few}/val_000000.groups-stage-1.index.png`);
    expect(new Set(data).size).toBe(1);
  });

  test("shows what each group fires on, over a data set", async () => {
    const out = `${folder}/groups`;
    expect(await tessera("show", run, "--groups", scenes, "--out", out)).toMatchObject({ code: 0 });
    const page = await readFile(`${out}/groups.html`, "utf8");
    for (const text of ["stage 1", "stage 2", "group 7", "val_000000", " % of a photograph", "on ", "near "]) {
      expect(page).toContain(text);
    }
    expect(await tessera("show", run, "--groups", scenes, "--out", out, "--split", "train")).toMatchObject({ code: 0 });
    await mkdir(`${folder}/other`);
    await writeFile(`${folder}/other/groups.html`, "<p>mine</p>");
    expectOneLine(
      await tessera("show", run, "--groups", scenes, "--out", `${folder}/other`),
      /groups\.html: expected nothing, or an earlier page/,
    );
    expectOneLine(await tessera("show", run, "--out", out), /IMAGE is missing/, 2);
    expectOneLine(
      await tessera("show", run, photograph, "--groups", scenes, "--out", out),
      /expected no photographs with --groups/,
      2,
    );
  });

  test("says how sure it is of each class, and writes names into the overlay where that is asked for", async () => {
    await predict(run, "legend", "--classes", "sky, road", "--legend");
    const { classes } = await record("legend");
    for (const { pixels, score } of classes) {
      if (pixels === 0) continue;
      expect(score! > 0 && score! <= 1).toBe(true);
    }
    const { width, height } = await platform.decodeImage(`${folder}/legend/val_000000.overlay.png`);
    expect([width, height > 64]).toEqual([96, true]);
  });

  test("goes on from another run's weights", async () => {
    const more = await tessera(...train(`${folder}/more`, "--from", run, "--set", "prompts=2"));
    expect(more, more.error).toMatchObject({ code: 0 });
  });
});

describe("a run without groups, as the paper's baselines", () => {
  let bare: string;
  beforeAll(async () => {
    bare = `${folder}/pixelwise`;
    const settings = ["depths=3", "heads=2", "widthFactors=1", "groupTokens=0"].flatMap((each) => ["--set", each]);
    const trained = await tessera(...train(bare, ...settings));
    expect(trained, trained.error).toMatchObject({ code: 0 });
  });

  test("predicts words for each patch", async () => {
    await predict(bare, "patches", "--classes", "sky, road, car", "--background");
    const { classes } = await record("patches");
    expect(classes.reduce((sum, { pixels }) => sum + pixels, 0)).toBe(96 * 64);
  });

  test("is scored by clusters of its patches", async () => {
    const scored = async (...more: readonly string[]) => {
      const { code, out, error } = await tessera("eval", bare, scenes, "--no-boundary", "--json", ...more);
      expect(code, error).toBe(0);
      return JSON.parse(out) as { images: number; model: string; measures: { value: number }[]; confusion: unknown };
    };
    const own = await scored();
    for (const baseline of ["k-means", "mean-shift", "spectral"]) {
      const { images, model, measures } = await scored("--baseline", baseline);
      expect([images, model]).toEqual([3, expect.stringContaining(`, ${baseline}`)]);
      expect(measures[0].value).toBeGreaterThanOrEqual(0);
    }
    expect((await scored("--baseline", "k-means", "--clusters", "1")).confusion).not.toEqual(own.confusion);
  });

  test("has no groups to show or to score", async () => {
    expectOneLine(await tessera("eval", bare, scenes, "--groups"), /expected a model that groups pixels for --groups/);
    expectOneLine(
      await tessera("show", bare, "--groups", scenes, "--out", `${folder}/no`),
      /expected a model that groups pixels/,
    );
    expectOneLine(await tessera("eval", bare, scenes, "--clusters", "3"), /--clusters: expected --baseline/, 2);
    expectOneLine(
      await tessera("eval", bare, scenes, "--baseline", "k-means", "--flip"),
      /--baseline: expected neither/,
      2,
    );
  });
});

describe("published files", () => {
  let official: string;
  let port: string;
  let hub: FakeHub;
  beforeAll(async () => {
    official = `${folder}/group_vit_gcc_yfcc_30e-879422e0.pth`;
    port = `${folder}/theirs`;
    for (const [form, out] of [
      ["official", official],
      ["hf", port],
    ]) {
      const written = await tessera("export", run, "--weights", form, "--out", out);
      expect(written, written.error).toMatchObject({ code: 0 });
    }
    const files = Object.fromEntries((await readdir(port)).map((name) => [name, readFileSync(`${port}/${name}`)]));
    hub = await startFakeHub({
      "nvidia/groupvit-gcc-yfcc": { files },
      "lab/groupvit": { files, card: { license: "mit" } },
    });
  });
  afterAll(() => hub.close());

  const words = ["--classes", "cat, sofa=couch, lamp"];
  const environment = (extra = {}) => ({
    ...{ HF_HOME: `${folder}/hf`, HF_ENDPOINT: hub.endpoint, HF_TOKEN: "", HF_HUB_CACHE: "", HF_HUB_OFFLINE: "" },
    ...extra,
  });

  test("of both forms become runs that predict as they do themselves, and go out as they came in", async () => {
    for (const [name, from, ...more] of [
      ["official", official, ...heads],
      ["hf", port],
    ]) {
      const imported = await tessera("import", from, "--out", `${folder}/${name}-run`, ...more);
      expect([imported.code, imported.out]).toEqual([0, expect.stringContaining("any words; predict with")]);
      await predict(`${folder}/${name}-run`, `${name}-masks`, ...words);
      await predict(from, `${name}-bare`, ...words, ...more);
      expect(await masksOf(`${folder}/${name}-bare`)).toEqual(await masksOf(`${folder}/${name}-masks`));
    }
    expect(await masksOf(`${folder}/hf-masks`)).toEqual(await masksOf(`${folder}/official-masks`));
    const again = `${folder}/again.pth`;
    await tessera("export", `${folder}/official-run`, "--weights", "official", "--out", again);
    expect(readFileSync(again).equals(readFileSync(official))).toBe(true);
    await tessera("export", `${folder}/hf-run`, "--weights", "hf", "--out", `${folder}/port-again`);
    for (const name of await readdir(port)) {
      expect(readFileSync(`${folder}/port-again/${name}`).equals(readFileSync(`${port}/${name}`)), name).toBe(true);
    }
  });

  test("are written for transformers.js, too, from a run or from files", async () => {
    for (const [from, ...more] of [[run], [port], [official, ...heads]]) {
      const out = `${folder}/browser-${more.length}-${from === run}`;
      const written = await tessera("export", from, "--weights", "transformers.js", "--out", out, ...more);
      expect([written.code, written.out], written.error).toEqual([0, expect.stringContaining("onnx/model.onnx")]);
      expect((await readdir(`${out}/onnx`)).sort()).toEqual(["model.onnx", "text_model.onnx", "vision_model.onnx"]);
      const { "tokenizer.json": tokenizer } = tokenizerJson(clipMerges, { length: 24 });
      expect(await readFile(`${out}/tokenizer.json`, "utf8")).toBe(tokenizer);
    }
  });

  test("called as the released ones are, are told to be for non-commercial use, and runs keep that", async () => {
    const imported = await tessera("import", official, "--out", `${folder}/released`, ...heads);
    expect(imported.error).toContain("NVIDIA's weights, for non-commercial use only");
    expect(imported.out).toContain(
      "licence of the weights: NVIDIA Source Code License for GroupViT: non-commercial use only",
    );
    const { licence } = JSON.parse(await readFile(`${folder}/released/run.json`, "utf8")) as { licence: string };
    expect(licence).toContain("non-commercial");
  });

  test("predict by their name on the hub, then from the cache; their licence is shown", async () => {
    const typed = ["predict", "nvidia/groupvit-gcc-yfcc", photograph, ...words, "--out"];
    const first = await start([...typed, `${folder}/hub`], environment()).ended;
    expect(first, first.error).toMatchObject({ code: 0 });
    expect(first.error).toContain("non-commercial use only");
    const asked = hub.requests.length;
    const offline = environment({ HF_HUB_OFFLINE: "1" });
    const second = await start([...typed, `${folder}/cached`], offline).ended;
    expect([second.code, hub.requests.length]).toEqual([0, asked]);
    expect(await masksOf(`${folder}/cached`)).toEqual(await masksOf(`${folder}/hub`));
    const snapshot = `${folder}/hf/hub/models--nvidia--groupvit-gcc-yfcc/snapshots/${commitOf("nvidia/groupvit-gcc-yfcc")}`;
    expect(await readdir(snapshot)).toEqual(expect.arrayContaining(["config.json", "model.safetensors"]));
    const mit = await start(["predict", "lab/groupvit", photograph, ...words, "--out", `${folder}/mit`], environment())
      .ended;
    expect([mit.code, mit.error]).toEqual([0, expect.stringContaining("licence mit")]);
    const form = await start(
      ["export", "lab/groupvit", "--weights", "official", "--out", `${folder}/lab.pth`],
      environment(),
    ).ended;
    expect([form.code, form.out]).toEqual([0, expect.stringContaining("licence mit (lab/groupvit@")]);
  });

  test("whose heads nobody told are asked about", async () => {
    const refused = await tessera("predict", official, photograph, ...words, "--out", `${folder}/no`);
    expectOneLine(refused, /whose heads the file does not tell\. Add --set heads=N/);
  });
});

describe("mistakes are told in a line", () => {
  const out = () => ["--out", `${folder}/no`];

  test("of training", async () => {
    const bare = `${folder}/bare`;
    await mkdir(`${bare}/images`, { recursive: true });
    for (const part of ["images", "masks"]) {
      await cp(`${scenes}/${part}/train`, `${bare}/${part}/train`, { recursive: true });
    }
    await copyFile(`${scenes}/classes.json`, `${bare}/classes.json`);
    expectOneLine(
      await tessera("train", bare, "--recipe", "groupvit-tiny", ...out()),
      /bare: stage train of groupvit learns from captions, got /,
    );
    const tiny = (...settings: string[]) => tessera(...train(`${folder}/no`), ...settings.flatMap((s) => ["--set", s]));
    expectOneLine(await tiny("templates=all"), /templates must be one of full, subset, simple, identity, got all/, 2);
    expectOneLine(await tiny("batchSize=1"), /batchSize must be at least 2/, 2);
    expectOneLine(
      await tiny("windowSide=50"),
      /windowSide must be a multiple of patchSize \(8\), got 50\. Try 48\./,
      2,
    );
    expectOneLine(await tiny("imageSize=40"), /cropHeight must be as imageSize \(40\), got 32/, 2);
    expectOneLine(await tiny("cropAreaMin=0"), /cropAreaMin must be a number above 0/, 2);
  });

  test("of prediction", async () => {
    const ask = (...more: string[]) => tessera("predict", run, photograph, ...out(), ...more);
    expectOneLine(await ask(), /expected the classes to segment, got none.* Add --classes "cat, sofa, lamp"\./);
    expectOneLine(await ask("--classes", "cat,,dog"), /--classes: expected names with commas between/, 2);
    expectOneLine(await ask("--classes", "background"), /expected at least one class besides the background/);
    const words = ["--classes", "cat, dog"];
    expectOneLine(await ask(...words, "--set", "template=full"), /got template\. Did you mean templates\?/, 2);
    expectOneLine(await ask(...words, "--set", "width=64"), /expected a field that matters for prediction alone/, 2);
    expectOneLine(await ask(...words, "--threshold", "2"), /--threshold/, 2);
    expectOneLine(
      await ask(...words, "--set", "scores=mine"),
      /scores must be one of official, paper, hf, got mine/,
      2,
    );
    expectOneLine(await ask("--classes-file", `${folder}/nowhere.txt`), /nowhere\.txt/);
  });

  test("of export", async () => {
    const export_ = (...more: string[]) => tessera("export", run, ...more);
    expectOneLine(
      await export_("--weights", "timm", ...out()),
      /expected a form that models of groupvit have, got "timm"\. Known: official, hf, transformers\.js\./,
      2,
    );
    await writeFile(`${folder}/mine.txt`, "mine");
    expectOneLine(
      await export_("--weights", "official", "--out", `${folder}/mine.txt`),
      /expected a new file or a \.pth/,
    );
    expectOneLine(await export_("--weights", "hf", "--out", scenes), /expected an empty folder/);
    expectOneLine(
      await export_("--weights", "hf", ...out(), "--classes", "cat"),
      /expected no words with --weights/,
      2,
    );
  });
});

test("--encoder begins with a vision transformer's blocks, says what it leaves, and is refused where widths disagree", async () => {
  const model = new Model();
  encoders["deit-tiny-16"].features(model.scope, input("x", [1, 3, 16, 16]), {});
  const file = `${folder}/deit.safetensors`;
  await writeFile(file, writeSafetensors(publishedNames("deit-tiny-16", freshWeights(model), "timm")));
  const sizes = ["width=192", "heads=3,3,3", "patchSize=16"].flatMap((setting) => ["--set", setting]);
  const { code, error } = await tessera(...train(`${folder}/begun`, "--encoder", file, ...sizes));
  expect(code).toBe(0);
  expect(error).toContain(
    "deit.safetensors: 3 of 12 blocks taken (1 in stage 1, 1 in stage 2, 1 in stage 3); not taken: classToken.",
  );
  expect(error).toMatch(/train: text, .* with first values/);
  expectOneLine(
    await tessera(...train(`${folder}/refused`, "--encoder", file)),
    /expected an encoder of width 32 as in recipe groupvit-tiny, got one of width 192\./,
  );
});

describe("fully supervised transfer", () => {
  const brief = ["--set", "batchSize=2", "--set", "cropHeight=32", "--set", "cropWidth=32", "--set", "imageSize=32"];
  const small = [...brief, "--set", "windowSide=64", "--set", "shortSide=64"];

  test("fine-tunes what captions taught on masks; the run is scored, predicts and is exported as any other", async () => {
    const [out, file] = [`${folder}/transfer`, `${folder}/transfer.onnx`];
    const asked = ["--recipe", "groupvit-transfer-small", "--from", run, "--steps", "2", ...small];
    const { code, error } = await tessera("train", scenes, "--out", out, ...asked);
    expect([code, error]).toEqual([
      0,
      expect.stringMatching(/run: not taken: imageProjection, .*\nfinetune: head with first values\n/),
    ]);
    const scored = await tessera("eval", out, scenes, "--no-boundary", "--json");
    expect(JSON.parse(scored.out).measures[0]).toMatchObject({ name: "mean IoU" });
    expect(await tessera("predict", out, photograph, "--out", `${folder}/transferred`)).toMatchObject({ code: 0 });
    expect(await tessera("export", out, "--out", file)).toMatchObject({ code: 0 });
    expect(await tessera("predict", file, photograph, "--out", `${folder}/transferred2`)).toMatchObject({ code: 0 });
    expect(await masksOf(`${folder}/transferred2`)).toEqual(await masksOf(`${folder}/transferred`));
  });
});

describe("eval --classify", () => {
  test("ranks photographs of several classes, and finds the one class of others", async () => {
    const several = await tessera("eval", run, scenes, "--classify", "--json");
    expect(JSON.parse(several.out)).toMatchObject({
      ...{ images: 3, measures: [{ name: "mean average precision" }], skipped: [] },
      perImage: [{ id: "val_000000" }, {}, {}],
    });
    const { measures, perClass } = JSON.parse(several.out) as Classification;
    const occurring = perClass.flatMap(({ averagePrecision, images }) =>
      averagePrecision === null || images === 0 ? [] : [averagePrecision],
    );
    expect(measures[0].value).toBeCloseTo(occurring.reduce((sum, value) => sum + value, 0) / occurring.length, 12);
    const probed = await tessera("eval", run, scenes, "--classify", "--probe", "--json");
    expect(JSON.parse(probed.out)).toMatchObject({ images: 3, measures: [{ name: "mean average precision" }] });
    expect(probed.out).not.toBe(several.out);
    const single = `${folder}/single`;
    await cp(`${scenes}/images/val`, `${single}/images/val`, { recursive: true });
    const tags = Object.fromEntries(
      ["val_000000", "val_000001", "val_000002"].map((name, i) => [name, [i < 2 ? "sky" : "road"]]),
    );
    await writeFile(`${single}/tags.json`, JSON.stringify({ val: tags }));
    await writeFile(`${single}/classes.json`, JSON.stringify({ classes: [{ name: "sky" }, { name: "road" }] }));
    const { code, out } = await tessera("eval", run, single, "--classify");
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/split val: 3 images, 2 classes\ntop-1 accuracy [\d.]+ %, top-5 accuracy 100\.0 %/),
    ]);
  });

  test("is refused with what segmentation alone has, of files, and of methods without words", async () => {
    expectOneLine(
      await tessera("eval", run, scenes, "--classify", "--flip"),
      /--classify: expected no --scales, --flip/,
      2,
    );
    expectOneLine(await tessera("eval", run, scenes, "--classify", "--groups"), /--classify: expected no --groups/, 2);
    expectOneLine(await tessera("eval", run, scenes, "--probe"), /--probe: expected --classify/, 2);
    expectOneLine(
      await tessera("eval", `${folder}/transfer`, scenes, "--classify"),
      /expected a model that compares photographs with words for --classify, got one of groupvit-transfer/,
    );
  });
});
