/** Writes the pages of docs/ that are made from the sources: `npm run docs`. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { apiPage } from "./api-page.ts";
import { operatorsPage } from "./operators-page.ts";

const root = new URL("../", import.meta.url);

/** Path from the project's root → contents. */
export function pages(): Record<string, string> {
  const read = (path: string) => readFileSync(new URL(path, root), "utf8");
  return { "docs/ops.md": operatorsPage(read), "docs/api.md": apiPage(read) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, text] of Object.entries(pages())) writeFileSync(new URL(path, root), text);
}
