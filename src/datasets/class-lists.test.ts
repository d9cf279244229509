/** Lists of classes that other programs leave beside masks: how they are read. */
import { expect, test } from "vitest";
import { formatColor } from "../image/color.ts";
import type { ListedClass } from "./class-columns.ts";
import { parseListedClasses } from "./class-lists.ts";

test.each([
  [
    "CVAT",
    "labelmap.txt",
    "# label:color_rgb:parts:actions\nbackground:0,0,0::\napple:255,0,0::\n",
    ["0 background #000000", "1 apple #ff0000"],
  ],
  ["CVAT without colours", "labelmap.txt", "background:::\napple:::\n", ["0 background", "1 apple"]],
  [
    "SegNet's tools",
    "class_dict.csv",
    "name,r,g,b\nsky, 0, 0, 0\napple, 255, 0, 0\n",
    ["0 sky #000000", "1 apple #ff0000"],
  ],
  ["CamVid", "label_colors.txt", "255 0 0\tapple\n0 255 0\tgreen leaf\n", ["0 apple #ff0000", "1 green leaf #00ff00"]],
  ["Roboflow", "_classes.csv", "Pixel Value, Class\n0, background\n3, apple\n", ["0 background", "3 apple"]],
  ["labelme", "labels.txt", "__ignore__\n_background_\napple\n", ["0 _background_", "1 apple"]],
  [
    "names alone, from Windows",
    "class_names.txt",
    "\ufeffbackground\r\ngreen apple\r\n\r\n",
    ["0 background", "1 green apple"],
  ],
  ["a single column with its title", "classes.csv", "name\nbackground\napple\n", ["0 background", "1 apple"]],
  ["values behind the names", "labels.txt", "apple: 5\nleaf: 0\n", ["5 apple", "0 leaf"]],
  ["values behind the names, with spaces", "labels.txt", "green apple 1\nleaf 0\n", ["1 green apple", "0 leaf"]],
  ["names that end in numbers", "labels.txt", "type 1\ntype 2\n", ["0 type 1", "1 type 2"]],
  ["names with other numbers", "labels.txt", "boeing 737\nairbus 320\n", ["0 boeing 737", "1 airbus 320"]],
  ["names with numbers", "classes.txt", "0: background\n2: apple\n", ["0 background", "2 apple"]],
  [
    "Datumaro",
    "dataset_meta.json",
    '{"label_map": {"0": "background", "1": "apple"}, "segmentation_colors": [[0,0,0],[255,0,0]]}',
    ["0 background #000000", "1 apple #ff0000"],
  ],
  ["transformers", "id2label.json", '{"0": "background", "1": "apple"}', ["0 background", "1 apple"]],
  ["transformers, the other way round", "label2id.json", '{"background": 0, "apple": 1}', ["0 background", "1 apple"]],
  [
    "colours in hexadecimal first",
    "label_colors.txt",
    "#000000 background\n#FF0000 apple\n",
    ["0 background #000000", "1 apple #ff0000"],
  ],
  [
    "colours in hexadecimal last",
    "label_colors.txt",
    "red apple,#ff0000\nleaf,#00ff00\n",
    ["0 red apple #ff0000", "1 leaf #00ff00"],
  ],
  [
    "a column of colours",
    "class_dict.csv",
    "name,color\r\napple,#ff0000\r\nleaf,#00ff00\r\n",
    ["0 apple #ff0000", "1 leaf #00ff00"],
  ],
  [
    "colours and names with commas in them",
    "class_dict.csv",
    'name,rgb\n"apple, ""red""","255,0,0"\nleaf,"(0, 255, 0)"\n',
    ['0 apple, "red" #ff0000', "1 leaf #00ff00"],
  ],
  ["pandas, whose first title is empty", "classes.csv", ",name,value\n0,sky,4\n1,apple,7\n", ["4 sky", "7 apple"]],
  ["empty cells between tabs", "classes.csv", "name\tnote\tvalue\nsky\t\t4\napple\tred\t7\n", ["4 sky", "7 apple"]],
  [
    "names that begin with #",
    "classes.txt",
    "# all of them\nbackground\n#1 apple\nleaf\n",
    ["0 background", "1 #1 apple", "2 leaf"],
  ],
])("the list of %s is read", (_, file, text, expected) => {
  const { classes } = parseListedClasses(text, file);
  const line = ({ name, value, color }: ListedClass) => [value, name, ...(color ? [formatColor(color)] : [])].join(" ");
  expect(classes.map(line)).toEqual(expected);
});

test.each([
  ["nothing", "labels.txt", "\n", "labels.txt: expected 1 to 254 classes, got 0. "],
  ["a name twice", "labels.txt", "a\nb\na\n", 'labels.txt: expected names and values of their own, got "a" twice.'],
  ["names that are none", "id2label.json", '{"a": "b"}', 'id2label.json: expected names by value, got "a": "b".'],
  [
    "unknown columns",
    "classes.csv",
    "colour of it,what\n1,2\n",
    'classes.csv: expected columns that are known, got "colour of it,what".',
  ],
])("a list of %s is refused", (_, file, text, message) => {
  expect(() => parseListedClasses(text, file)).toThrow(message);
});
