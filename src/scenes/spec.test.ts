import { describe, expect, it } from "vitest";
import { UsageError } from "../errors.ts";
import { parseScenesSpec, showScenesSpec } from "./spec.ts";

describe("parseScenesSpec", () => {
  it("has a value for everything", () => {
    expect(showScenesSpec(parseScenesSpec("scenes"))).toBe("scenes:size=128,train=400,val=60,test=60,seed=0");
  });

  it.each([
    "scenes:size=96,train=3,val=2,test=1,seed=9",
    "scenes:size=96,train=3,val=2,test=1,unlabelled=5,seed=9",
    "scenes:size=192x128,train=400,val=60,test=60,seed=0",
    "scenes:size=128,train=400,val=60,test=60,seed=0,kind=street,border=2",
    "scenes:size=128,train=400,val=60,test=60,seed=0,kind=street,classes=coarse",
    "scenes:size=128,train=400,val=60,test=60,seed=0,border=1,details=0.25,classes=coarse",
    "scenes:size=128,train=400,val=60,test=60,seed=0,classes=sky+road+vehicle",
  ])("reads %s and writes it back", (spec) => {
    expect(showScenesSpec(parseScenesSpec(spec))).toBe(spec);
  });

  it("does not speak of unlabelled scenes where there are none", () => {
    expect(showScenesSpec(parseScenesSpec("scenes:unlabelled=0"))).toBe(showScenesSpec(parseScenesSpec("scenes")));
  });

  it("does not speak of classes where all of them stay", () => {
    expect(showScenesSpec(parseScenesSpec("scenes:classes=all"))).toBe(showScenesSpec(parseScenesSpec("scenes")));
  });

  it("joins kinds and knows their families", () => {
    expect(parseScenesSpec("scenes:kind=indoor+beach").kinds).toEqual(["beach", "living-room", "bedroom", "table-top"]);
  });

  it.each([
    ["scenes:", "expected options after the colon"],
    ["scenes:sized=64", 'got "sized". Did you mean size?'],
    ["scenes:size", "expected size=value"],
    ["scenes:size=63", "size 64 to 512"],
    ["scenes:size=64x64x64", "size 64 to 512"],
    ["scenes:train=0", "train to be a whole number from 1"],
    ["scenes:unlabelled=-1", "unlabelled to be a whole number from 0"],
    ["scenes:unlabeled=5", "Did you mean unlabelled?"],
    ["scenes:seed=-1", "seed to be a whole number from 0"],
    ["scenes:seed=1.5", "seed to be a whole number from 0"],
    ["scenes:seed=1,seed=2", "seed once"],
    ["scenes:border=5", "border to be a whole number from 0 to 4"],
    ["scenes:details=1.5", "details to be a share from 0 to 1"],
    ["scenes:details=.", "details to be a share from 0 to 1"],
    ["scenes:details=-0.5", "Write details=0.5."],
    ["scenes:classes=coarsely", "Did you mean coarse?"],
    ["scenes:classes=sky,classes=road", "classes once"],
    ["scenes:kind=beech", "Did you mean beach?"],
    ["scenery", "expected a drawn data set"],
    ["scenes:a=1:b", "expected a drawn data set"],
  ])("refuses %s", (spec, message) => {
    expect(() => parseScenesSpec(spec)).toThrow(UsageError);
    expect(() => parseScenesSpec(spec)).toThrow(message);
  });
});
