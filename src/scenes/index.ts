/** `scenes`: a drawn data set of outdoor and indoor pictures with every kind of label, made in memory or written to disk. */
export { sceneClasses } from "./classes.ts";
export { openScenes } from "./open.ts";
export { type PlaceName, placeNames } from "./places/index.ts";
export { renderScene, type Scene, type SceneOptions } from "./render.ts";
export { parseScenesSpec, type ScenesSpec, showScenesSpec } from "./spec.ts";
export { type ScenesLayout, scenesLayouts, type WriteScenesOptions, writeScenes } from "./write.ts";
