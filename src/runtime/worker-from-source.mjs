// Starts the worker from its TypeScript source: tests and scripts run without a build. Not part of the package.
import { register } from "tsx/esm/api";

register();
await import(new URL("./worker.ts", import.meta.url).href);
