// The compiler writes plain files; the command line entry must be runnable as the package's `bin`.
import { chmodSync } from "node:fs";

chmodSync(new URL("../dist/cli/main.js", import.meta.url), 0o755);
