import { defineConfig } from "vitest/config";

// Projects: `quick` (beside the sources), `whole` (command line, training, browser), `package` (packed and installed),
// `golden` (the authors' numbers).
const shared = {
  environment: "node",
  pool: "forks",
  maxWorkers: 2,
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
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: ["test/package/setup.ts"],
        },
      },
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
