/** `tessera-seg/networks`: image → class scores. */
export { transunet } from "./transunet/network.ts";
