// Writes dist/: bundles in place of hundreds of small modules, which take a second to load, and ONNX Runtime beside
// them. The compiler writes the type declarations (tsconfig.build.json).
import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { copyRuntime } from "./copy-runtime.mjs";
import { writeNotices } from "./notices.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = `${root}dist`;

const shared = {
  absWorkingDir: root,
  outbase: "src",
  bundle: true,
  splitting: true,
  format: "esm",
  chunkNames: "chunks/[name]-[hash]",
  legalComments: "none", // dist/NOTICES.md has the licences
  metafile: true,
  logLevel: "warning",
  plugins: [{ name: "clip-merges", setup: keepUsedMerges }],
};

/** Of CLIP's list of merges, which has five times as many lines, the 48,894 behind the comment are used. */
function keepUsedMerges({ onLoad }) {
  onLoad({ filter: /bpe_simple_vocab_16e6\.js$/ }, async ({ path }) => {
    const { text } = (await import(path)).default;
    const used = text.split("\n").slice(0, 48_895).join("\n");
    return { contents: `export default ${JSON.stringify({ text: used })};` };
  });
}

mkdirSync(dist, { recursive: true });
for (const name of readdirSync(dist)) {
  if (name !== "onnxruntime-node") rmSync(`${dist}/${name}`, { recursive: true });
}
const forNode = {
  ...shared,
  outdir: "dist",
  platform: "node",
  target: "node20.19",
  // The package brings its own copy (see copy-runtime.mjs); "imports" of package.json says where it is.
  alias: { "onnxruntime-node": "#onnxruntime-node" },
  external: ["#onnxruntime-node", "sharp"],
};
// Library and commands share their parts, so that a method which imports the library is at home in a command: one kind of
// error, one kind of tensor. Commands are loaded when they are called.
const library = [
  "index.ts",
  "nn/index.ts",
  "losses/index.ts",
  "backbones/index.ts",
  "networks/index.ts",
  "data/index.ts",
];
const programs = await build({
  ...forNode,
  entryPoints: [...library, "cli/main.ts", "cli/try-device.ts", "runtime/worker.ts"].map((path) => `src/${path}`),
});
const web = await build({
  ...shared,
  entryPoints: ["src/web/index.ts", "src/web/worker.ts"],
  outbase: "src/web",
  outdir: "dist/web",
  platform: "browser",
  target: "es2022",
  external: ["onnxruntime-web"],
  // Its "exports" hide the part that is meant for browsers.
  alias: { "@huggingface/hub": `${root}node_modules/@huggingface/hub/dist/browser/index.mjs` },
  minify: true,
});
chmodSync(`${dist}/cli/main.js`, 0o755); // the package's `bin`
copyRuntime(`${root}node_modules/onnxruntime-node`, `${dist}/onnxruntime-node`);
writeNotices(root, [programs, web], `${dist}/NOTICES.md`);
