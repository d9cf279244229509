/** Segmentation in a page, from the packed archive, against `tessera predict` on Node. Needs Chromium. */
import { mkdir, readdir, readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { nodePlatform } from "../../src/platform/node.ts";
import { chromium, outcomeOf } from "../support/chromium.ts";
import { temporaryFolder, tessera } from "../support/cli.ts";
import { root, runIn } from "../support/package.ts";

let folder: string;
let remove: () => Promise<void>;
/** The unpacked package; its browser part needs no installation. */
let home: string;

beforeAll(async () => {
  ({ path: folder, remove } = await temporaryFolder());
  await mkdir(`${folder}/unpacked`);
  await runIn(
    folder,
    "tar",
    "-xzf",
    inject("archive"),
    "-C",
    "unpacked",
    "package/dist/web",
    "package/examples/browser",
  );
  home = `${folder}/unpacked/package`;
  const size = "size=96,train=8,val=2,test=1";
  await tessera("scenes", size, "--out", `${folder}/data`);
  const settings = ["--recipe", "transunet-tiny", "--steps", "30", "--set", "batchSize=2"];
  await tessera("train", `${folder}/data`, ...settings, "--out", `${folder}/run`);
  await tessera("export", `${folder}/run`, "--out", `${folder}/model.onnx`);
  const photograph = await nodePlatform.decodeImage(`${folder}/data/images/test/test_000000.jpg`);
  await nodePlatform.writeFile(`${folder}/photo.png`, await nodePlatform.encodeImage(photograph, "png"));
  await tessera("predict", `${folder}/model.onnx`, `${folder}/photo.png`, "--out", `${folder}/masks`);
  const panoptic = ["--recipe", "maxdeeplab-tiny", "--steps", "4"];
  await tessera("train", `${folder}/data`, ...panoptic, "--out", `${folder}/slots`);
  await tessera("export", `${folder}/slots`, "--out", `${folder}/segments.onnx`);
  await tessera("predict", `${folder}/segments.onnx`, `${folder}/photo.png`, "--out", `${folder}/segments`);
});

afterAll(() => remove());

const imports = {
  "tessera-seg/web": "/node_modules/tessera-seg/dist/web/index.js",
  "onnxruntime-web/wasm": "/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs",
  "onnxruntime-web": "/node_modules/onnxruntime-web/dist/ort.bundle.min.mjs",
};

const softwareAdapter = [
  ...["--headless", "--no-sandbox", "--disable-dev-shm-usage"],
  ...["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"],
];

/** Files of a site with the package and ONNX Runtime beside it; `page` is at `/`. */
function siteOf(page: string) {
  return (path: string) => {
    if (path === "/") return page;
    if (path.includes("..")) return undefined;
    const [, packaged] = path.match(/^\/node_modules\/tessera-seg\/(.*)/) ?? [];
    if (packaged !== undefined) return { file: `${home}/${packaged}` };
    if (path.startsWith("/node_modules/onnxruntime-web/")) return { file: `${root}${path}` };
    return { file: `${folder}${path}` };
  };
}

/** What `code` returns in a page of Chromium, or the error that it throws. */
async function inPage(code: string, flags?: readonly string[]): Promise<Record<string, unknown>> {
  const page = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script><script type="module">
    import { openSegmenter } from "tessera-seg/web";
    const post = (outcome) => fetch("/outcome", { method: "POST", body: JSON.stringify(outcome) });
    const photo = async () => (await fetch("/photo.png")).blob();
    const plain = ({ labels, ...rest }) => ({ ...rest, labels: [...labels], kind: labels.constructor.name });
    const run = async () => { ${code} };
    run().then(post, (error) => post({ error: error.name + ": " + error.message }));
  </script>`;
  return (await outcomeOf(siteOf(page), flags)) as Record<string, unknown>;
}

async function predicted(): Promise<number[]> {
  return [...(await nodePlatform.decodeMask(`${folder}/masks/photo.png`)).data];
}

describe.skipIf(chromium === undefined)("in Chromium", () => {
  test.each([true, false])("labels are those of tessera predict (worker: %s)", async (worker) => {
    const { error, ...result } = await inPage(`
      const segmenter = await openSegmenter("model.onnx", { worker: ${worker} });
      return plain(await segmenter.segment(await photo()));`);
    expect(error).toBeUndefined();
    const labels = await predicted();
    const { classes } = JSON.parse(await readFile(`${folder}/masks/photo.json`, "utf8")) as {
      classes: { name: string; color: string; pixels: number }[];
    };
    expect(new Set(labels).size).toBeGreaterThan(1);
    expect(result).toMatchObject({
      width: 96,
      height: 96,
      kind: "Uint8Array",
      areas: classes.map(({ pixels }) => pixels),
    });
    expect(result.labels).toEqual(labels);
    expect(result.classes).toHaveLength(classes.length);
    expect((result.classes as { name: string }[]).map(({ name }) => name)).toEqual(classes.map(({ name }) => name));
    const [red, green, blue] = (result.classes as { color: number[] }[])[1].color;
    expect(`#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, "0")}`).toBe(classes[1].color);
  });

  test.each([true, false])("segments of a panoptic model are those of tessera predict (worker: %s)", async (worker) => {
    const { error, ids, kind, segments } = await inPage(`
      const segmenter = await openSegmenter("segments.onnx", { worker: ${worker} });
      const { panoptic } = await segmenter.segment(await photo());
      return { ids: [...panoptic.data], kind: panoptic.data.constructor.name, segments: panoptic.segments };`);
    expect(error).toBeUndefined();
    const expected = JSON.parse(await readFile(`${folder}/segments/photo.json`, "utf8")) as {
      segments: { id: number; area: number }[];
    };
    expect(expected.segments.length).toBeGreaterThan(0);
    expect(kind).toBe("Uint32Array");
    const found = segments as { id: number }[];
    expect(found.map(({ id }) => (ids as number[]).filter((each) => each === id).length)).toEqual(
      expected.segments.map(({ area }) => area),
    );
    const { data } = await nodePlatform.decodeMask(`${folder}/segments/photo.panoptic.png`);
    expect(ids).toEqual(Array.from({ length: data.length / 3 }, (_, i) => data[3 * i] + 256 * data[3 * i + 1]));
  });

  // Compiling its shaders on the processor takes a minute or more, so it is asked for: WEBGPU=1.
  test.skipIf(process.env.WEBGPU === undefined)(
    "labels of WebGPU, on an adapter in software, are those of tessera predict",
    { timeout: 600_000 },
    async () => {
      const { error, labels } = await inPage(
        `const segmenter = await openSegmenter("model.onnx", { device: "webgpu" });
        return plain(await segmenter.segment(await photo()));`,
        softwareAdapter,
      );
      expect(error).toBeUndefined();
      const expected = await predicted();
      const equal = expected.filter((label, i) => label === (labels as number[])[i]).length;
      expect(equal / expected.length).toBeGreaterThan(0.995);
    },
  );

  test("a canvas, its pixels, a bitmap and bytes of the model give the same, and stay as they are", async () => {
    const { error, same, left } = await inPage(`
      const bitmap = await createImageBitmap(await photo());
      const { width, height } = bitmap;
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      const offscreen = new OffscreenCanvas(width, height);
      offscreen.getContext("2d").drawImage(bitmap, 0, 0);
      const pixels = canvas.getContext("2d").getImageData(0, 0, width, height);
      const bytes = await (await fetch("/model.onnx")).arrayBuffer();
      const segmenter = await openSegmenter(bytes);
      const results = await Promise.all([await photo(), canvas, offscreen, pixels, bitmap].map((each) => segmenter.segment(each)));
      const texts = results.map(({ labels }) => labels.join());
      return { same: texts.map((text) => text === texts[0]), left: [bitmap.width, pixels.data.length, bytes.byteLength > 0] };`);
    expect(error).toBeUndefined();
    expect(same).toEqual([true, true, true, true, true]);
    expect(left).toEqual([96, 4 * 96 * 96, true]);
  });

  test("the page stays alive while a worker computes", async () => {
    const { error, ticks } = await inPage(`
      const segmenter = await openSegmenter("/model.onnx");
      const large = new OffscreenCanvas(700, 700);
      large.getContext("2d").fillRect(0, 0, 9, 9);
      let ticks = 0;
      const timer = setInterval(() => ticks++, 5);
      await segmenter.segment(large);
      clearInterval(timer);
      await segmenter.close();
      return { ticks };`);
    expect(error).toBeUndefined();
    expect(ticks).toBeGreaterThan(10);
  });

  test("what is transparent lies on white, as it does for tessera predict", async () => {
    const { error, same } = await inPage(`
      const segmenter = await openSegmenter("/model.onnx");
      const clear = new ImageData(40, 40);
      const white = new ImageData(new Uint8ClampedArray(40 * 40 * 4).fill(255), 40, 40);
      const [a, b] = [await segmenter.segment(clear), await segmenter.segment(white)];
      return { same: a.labels.join() === b.labels.join() };`);
    expect({ error, same }).toEqual({ error: undefined, same: true });
  });

  test("what cannot be is one clear line", async () => {
    const open = `await openSegmenter("/model.onnx")`;
    const cases: readonly (readonly [code: string, message: RegExp])[] = [
      [`openSegmenter("/none.onnx")`, /none\.onnx: expected a model, got status 404\. Check the address\.$/],
      [`openSegmenter("/photo.png")`, /photo\.png: expected a model written by tessera export, got a file/],
      ["openSegmenter(new Uint8Array())", /model: expected a model written by tessera export, got a file/],
      [`openSegmenter("http://[")`, /model: expected an address or bytes, got http/],
      [`openSegmenter("/model.onnx", { device: "cuda" })`, /device: expected wasm or webgpu, got cuda/],
      [`openSegmenter("/model.onnx", { device: "webgpu" })`, /device webgpu: expected .*, got.* Use another device\.$/],
      [`(${open}).segment("cat.png")`, /segment: expected a canvas, .* got string/],
      [`(${open}).segment(new OffscreenCanvas(0, 0))`, /segment: expected a picture with pixels, got 0x0\. Draw on it/],
      [
        `(${open}).segment(new Blob(["text"], { type: "text/plain" }))`,
        /segment: expected an image file that the browser reads, got 4 bytes \(text\/plain\)/,
      ],
    ];
    const { errors } = await inPage(`
      const errors = [];
      const said = (error) => errors.push(error.name + ": " + error.message);
      ${cases.map(([code]) => `try { await ${code}; errors.push("none"); } catch (error) { said(error); }`).join("\n")}
      return { errors };`);
    cases.forEach(([code, message], i) => {
      expect((errors as string[])[i], code).toMatch(message);
      expect((errors as string[])[i], code).toMatch(/^InputError: [^\n]*$/);
    });
  });

  test("a closed segmenter says so", async () => {
    const { error } = await inPage(`
      const segmenter = await openSegmenter("/model.onnx");
      await segmenter.close();
      return segmenter.segment(await photo());`);
    expect(error).toMatch(/segmenter: it is closed\. Open another one\.$/);
  });

  test("the example page draws the mask and says what is there", async () => {
    const example = await readFile(`${home}/examples/browser/index.html`, "utf8");
    expect(example.trimEnd().split("\n").length).toBeLessThan(41);
    const page = `${example}<script type="module">
      const [input, text, canvas] = document.querySelectorAll("input, p, canvas");
      const files = new DataTransfer();
      files.items.add(new File([await (await fetch("/photo.png")).blob()], "photo.png", { type: "image/png" }));
      input.files = files.files;
      input.dispatchEvent(new Event("change"));
      while (!text.textContent.includes("%")) await new Promise((resolve) => setTimeout(resolve, 50));
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      fetch("/outcome", { method: "POST", body: JSON.stringify({ text: text.textContent, first: [...data.slice(0, 4)], width: canvas.width }) });
    </script>`;
    const { text, first, width } = (await outcomeOf(siteOf(page))) as { text: string; first: number[]; width: number };
    const [label] = await predicted();
    const { classes } = JSON.parse(await readFile(`${folder}/masks/photo.json`, "utf8")) as {
      classes: { name: string; color: string; share: number }[];
    };
    const color = [1, 3, 5].map((at) => Number.parseInt(classes[label].color.slice(at, at + 2), 16));
    expect({ first, width }).toEqual({ first: [...color, 255], width: 96 });
    expect(text).toContain(`${classes[label].name}: ${(100 * classes[label].share).toFixed(1)} %`);
  });
});

test("nothing of Node is in the browser's files", async () => {
  const files = (await readdir(`${home}/dist/web`, { recursive: true })).filter((path) => path.endsWith(".js"));
  expect(files).toEqual(expect.arrayContaining(["index.js", "worker.js"]));
  for (const file of files) {
    const text = await readFile(`${home}/dist/web/${file}`, "utf8");
    const imported = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, target]) => target);
    expect(
      imported.filter((target) => !/^\.|^onnxruntime-web(\/wasm)?$/.test(target)),
      file,
    ).toEqual([]);
  }
});
