/** Runs around the golden tests: when they are done, says by name which cases no test has covered. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { readGoldenCases } from "./cases.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Folder with one empty file for each covered case, named `method/case`, percent-encoded. */
    goldenCoverage: string | undefined;
  }
}

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "tessera-golden-"));
  project.provide("goldenCoverage", folder);
  return () => {
    const covered = new Set(readdirSync(folder).map(decodeURIComponent));
    rmSync(folder, { recursive: true });
    for (const { method, names } of readGoldenCases()) {
      const missing = names.filter((name) => !covered.has(`${method}/${name}`));
      const counts = `${names.length - missing.length} of ${names.length} cases covered`;
      process.stdout.write(
        `golden ${method}: ${counts}${missing.length > 0 ? `; no test for ${missing.join(", ")}` : ""}\n`,
      );
    }
  };
}
