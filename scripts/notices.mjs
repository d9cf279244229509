import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Writes the licences of what is bundled: every package that esbuild's results name. */
export function writeNotices(root, results, file) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = new Set(inputs.map((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean));
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${root}${folder}/package.json`, "utf8"));
    const text = readdirSync(`${root}${folder}`).find((entry) => /^licen[cs]e/i.test(entry));
    return `## ${name} ${version} (${license})\n\n${text === undefined ? "" : readFileSync(`${root}${folder}/${text}`, "utf8").trim()}\n`;
  });
  const runtime =
    "## onnxruntime-node\n\nSee onnxruntime-node/LICENSE, and ThirdPartyNotices.txt of https://github.com/microsoft/onnxruntime for what it contains.\n";
  writeFileSync(file, ["# What this package contains of others\n", runtime, ...parts].join("\n"));
}
