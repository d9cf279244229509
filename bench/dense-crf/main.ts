/**
 * Dense CRF on the lattice against plain C++ of the same formulas (`reference.cpp`, g++ -O3), taking turns, one thread each:
 * least processor times and their ratio, how far the results are apart, and the most memory of a process that only does ours.
 *
 *   npx tsx bench/dense-crf/main.ts [--image PHOTOGRAPH] [--size 500x375] [--labels 21] [--crf deeplab-v2] [--turns 5]
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { float32 } from "../../src/array/ndarray.ts";
import { Random } from "../../src/array/random.ts";
import type { Image } from "../../src/image/image.ts";
import { resizeImage } from "../../src/image/resize.ts";
import { nodePlatform } from "../../src/platform/node.ts";
import { parseCrf } from "../../src/refinement/crf-settings.ts";
import { denseCrf } from "../../src/refinement/dense-crf.ts";
import { renderScene } from "../../src/scenes/index.ts";

const { values } = parseArgs({
  options: {
    image: { type: "string" },
    size: { type: "string", default: "500x375" },
    labels: { type: "string", default: "21" },
    crf: { type: "string", default: "deeplab-v2" },
    turns: { type: "string", default: "5" },
    /** Run ours once and print the most memory. */
    memory: { type: "boolean", default: false },
  },
});
const [width, height] = values.size.split("x").map(Number);
const [labels, turns] = [values.labels, values.turns].map(Number);
const settings = parseCrf(values.crf);

const image = await photograph();
const scores = smoothScores();
if (values.memory) {
  const before = process.resourceUsage().maxRSS;
  denseCrf(scores, image, settings);
  console.log(JSON.stringify([before, process.resourceUsage().maxRSS]));
  process.exit();
}

const folder = mkdtempSync(join(tmpdir(), "tessera-crf-"));
try {
  const [program, input, output] = ["reference", "input", "output"].map((name) => join(folder, name));
  execFileSync("g++", ["-O3", "-o", program, fileURLToPath(new URL("reference.cpp", import.meta.url))]);
  const head = Int32Array.of(width, height, labels, settings.iterations, settings.terms.length);
  const terms = Float32Array.from(settings.terms.flatMap(({ weight, xy, rgb = 0 }) => [weight, xy, rgb]));
  const parts = [head, terms, image.data, scores.data].map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength),
  );
  writeFileSync(input, Buffer.concat(parts));

  const ours: number[] = [];
  const theirs: number[] = [];
  let result = scores;
  let vertices: number[] = [];
  let lattices = 0;
  for (let turn = 0; turn < turns; turn++) {
    const [whole, built, ...counts] = execFileSync(program, [input, output], { encoding: "utf8" })
      .split(" ")
      .map(Number);
    theirs.push(whole);
    vertices = counts;
    const start = process.cpuUsage();
    result = denseCrf(scores, image, settings);
    const { user, system } = process.cpuUsage(start);
    ours.push((user + system) / 1000);
    lattices = built;
  }
  const bytes = readFileSync(output);
  const expected = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const [least, base] = [Math.min(...ours), Math.min(...theirs)];
  const list = (times: number[]) => times.map((time) => time.toFixed(0)).join(", ");
  console.log(`${width} × ${height}, ${labels} labels, ${values.crf}, ${settings.iterations} iterations`);
  console.log(`lattice vertices: ${vertices.join(", ")}`);
  console.log(
    `ours ${list(ours)} ms; C++ ${list(theirs)} ms, ${lattices.toFixed(0)} of them lattices; least ${(least / base).toFixed(2)} of g++ -O3`,
  );
  console.log(agreement(result.data as Float32Array, expected));
  const script = process.argv.slice(1, 2);
  const child = spawnSync(process.execPath, [...process.execArgv, ...script, ...process.argv.slice(2), "--memory"], {
    encoding: "utf8",
  });
  const [before, most] = (JSON.parse(child.stdout) as number[]).map((kilobytes) => (kilobytes * 1024) / 1e6);
  console.log(`most memory of a process: ${most.toFixed(0)} MB, ${before.toFixed(0)} of them before the CRF`);
} finally {
  rmSync(folder, { recursive: true });
}

async function photograph(): Promise<Image> {
  if (values.image === undefined) return renderScene({ seed: 0, index: 0, width, height }).image;
  return resizeImage(await nodePlatform.decodeImage(values.image), width, height);
}

/** Softmax of bilinear fields with a random number every 32 pixels: blobs whose borders know nothing of the image. */
function smoothScores() {
  const random = new Random("dense CRF");
  const cell = 32;
  const [columns, rows] = [Math.ceil(width / cell) + 1, Math.ceil(height / cell) + 1];
  const coarse = random.fillNormal(new Float32Array(labels * rows * columns));
  const data = new Float32Array(labels * height * width);
  for (let y = 0, pixel = 0; y < height; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      const [v, u] = [y / cell, x / cell];
      const at = Math.floor(v) * columns + Math.floor(u);
      const [fy, fx] = [v % 1, u % 1];
      let sum = 0;
      for (let l = 0; l < labels; l++) {
        const from = l * rows * columns + at;
        const top = coarse[from] * (1 - fx) + coarse[from + 1] * fx;
        const bottom = coarse[from + columns] * (1 - fx) + coarse[from + columns + 1] * fx;
        const value = Math.exp(4 * (top * (1 - fy) + bottom * fy));
        data[l * height * width + pixel] = value;
        sum += value;
      }
      for (let l = 0; l < labels; l++) data[l * height * width + pixel] /= sum;
    }
  }
  return float32([labels, height, width], data);
}

function agreement(got: Float32Array, expected: Float32Array): string {
  const pixels = width * height;
  let within = 0;
  let same = 0;
  for (let i = 0; i < got.length; i++) if (Math.abs(got[i] - expected[i]) <= 1e-3) within++;
  const best = (of: Float32Array, pixel: number) => {
    let label = 0;
    for (let l = 1; l < labels; l++) if (of[l * pixels + pixel] > of[label * pixels + pixel]) label = l;
    return label;
  };
  for (let pixel = 0; pixel < pixels; pixel++) if (best(got, pixel) === best(expected, pixel)) same++;
  const percent = (count: number, all: number) => `${((100 * count) / all).toFixed(3)} %`;
  return `${percent(within, got.length)} of marginals within 0.001, ${percent(same, pixels)} of labels equal`;
}
