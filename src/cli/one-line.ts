export { oneLine } from "../errors.ts";
