/** Protocol buffers by tables of their fields, read and written by protobufjs. */
import protobuf from "protobufjs/light.js";

/** Message → field → `"rule type number"`, in the notation of .proto files; `*` repeats. */
export type Messages = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The messages by name. Fields that the table does not list are skipped when bytes are read. */
export function messageTypes(messages: Messages): protobuf.Root {
  const root = new protobuf.Root();
  for (const [name, fields] of Object.entries(messages)) {
    const message = new protobuf.Type(name);
    for (const [field, text] of Object.entries(fields)) {
      const [type, number] = text.replace("*", "").split(" ");
      message.add(new protobuf.Field(field, Number(number), type, text.startsWith("*") ? "repeated" : "optional"));
    }
    root.add(message);
  }
  root.resolveAll();
  return root;
}
