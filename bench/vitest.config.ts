import { defineConfig } from "vitest/config";

// The tests of what benches count with: `npx vitest run --root bench`.
export default defineConfig({ test: { include: ["**/*.test.ts"], testTimeout: 120_000 } });
