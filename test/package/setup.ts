/** Packs once for all tests of the package. */
import type { TestProject } from "vitest/node";
import { temporaryFolder } from "../support/cli.ts";
import { pack } from "../support/package.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the packed archive. */
    archive: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { path, remove } = await temporaryFolder();
  project.provide("archive", await pack(path));
  return remove;
}
