import { defineConfig } from "vitest/config";

// Three projects: `quick` (beside the sources), `whole` (command line, training, browser), `golden` (the authors' numbers).
const shared = {
  environment: "node",
  pool: "forks",
  maxWorkers: 2,
  // What hangs ends some day; a machine that is busy with something else takes ten times as long as a quiet one.
  testTimeout: 900_000,
  hookTimeout: 900_000,
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: "quick",
          include: ["src/**/*.test.ts", "test/quick/**/*.test.ts", "bench/**/*.test.ts"],
        },
      },
      { test: { ...shared, name: "whole", include: ["test/whole/**/*.test.ts"] } },
      {
        test: {
          ...shared,
          name: "golden",
          include: ["test/golden/**/*.test.ts"],
          globalSetup: ["test/golden/coverage.ts"],
        },
      },
    ],
  },
});
