import { defineConfig } from "vitest/config";

// Projects: `quick` (beside the sources), `whole` (command line, training, browser), `package` (packed and installed),
// `golden` (the authors' numbers).
const shared = {
  environment: "node",
  pool: "forks",
  maxWorkers: 2,
  testTimeout: 300_000,
  hookTimeout: 300_000,
} as const;
// Runs of the command line, a minute long on a quiet machine; limits are against what hangs, not against what is slow.
const patient = { testTimeout: 900_000, hookTimeout: 900_000 } as const;

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
      { test: { ...shared, ...patient, name: "whole", include: ["test/whole/**/*.test.ts"] } },
      { test: { ...shared, ...patient, name: "package", include: ["test/package/**/*.test.ts"] } },
      {
        test: {
          ...shared,
          ...patient,
          name: "golden",
          include: ["test/golden/**/*.test.ts"],
          globalSetup: ["test/golden/coverage.ts"],
        },
      },
    ],
  },
});
