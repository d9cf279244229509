/** What each opcode of a pickle does to the machine that reads it. */
import type { Machine } from "./pickle-machine.ts";
import { limits, quote } from "./pickle-values.ts";

const tuple = (values: unknown[]) => Object.freeze(values);

/** By opcode. The letters are CPython's. */
export const operations: Readonly<Record<number, (m: Machine) => void>> = {
  128: (m) => {
    const version = m.unsigned(1); // PROTO
    if (version > 5) throw m.damaged("protocol 5 at most", `${version}`);
  },
  149: (m) => {
    const length = m.unsigned(8); // FRAME: a hint for reading ahead, so only its claim is checked
    m.at = m.take(length);
  },
  // Constants
  78: (m) => m.push(null), // N
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  // Numbers
  75: (m) => m.push(m.unsigned(1)), // K BININT1
  77: (m) => m.push(m.unsigned(2)), // M BININT2
  74: (m) => m.push(m.view.getInt32(m.take(4), true)), // J BININT
  71: (m) => m.push(m.view.getFloat64(m.take(8))), // G BINFLOAT, the one big-endian field
  138: (m) => m.push(integer(m, m.unsigned(1))), // LONG1
  139: (m) => m.push(integer(m, m.unsigned(4))), // LONG4
  73: (m) => m.push(decimal(m)), // I INT
  // Text and bytes. Python 2 wrote text as bytes (U, T).
  140: (m) => m.push(m.text(m.data(m.unsigned(1)))), // SHORT_BINUNICODE
  88: (m) => m.push(m.text(m.data(m.unsigned(4)))), // X BINUNICODE
  141: (m) => m.push(m.text(m.data(m.unsigned(8)))), // BINUNICODE8
  85: (m) => m.push(m.text(m.data(m.unsigned(1)))), // U SHORT_BINSTRING
  84: (m) => m.push(m.text(m.data(m.unsigned(4)))), // T BINSTRING
  67: (m) => m.pushNew(m.data(m.unsigned(1))), // C SHORT_BINBYTES
  66: (m) => m.pushNew(m.data(m.unsigned(4))), // B BINBYTES
  142: (m) => m.pushNew(m.data(m.unsigned(8))), // BINBYTES8
  // Containers
  40: (m) => m.mark(), // (
  41: (m) => m.pushNew(tuple([])), // )
  133: (m) => m.pushNew(tuple(m.popMany(1))), // TUPLE1
  134: (m) => m.pushNew(tuple(m.popMany(2))), // TUPLE2
  135: (m) => m.pushNew(tuple(m.popMany(3))), // TUPLE3
  116: (m) => m.pushNew(tuple(m.popToMark())), // t
  93: (m) => m.pushNew([]), // ]
  97: (m) => m.append([m.pop()]), // a APPEND
  101: (m) => m.append(m.popToMark()), // e APPENDS
  125: (m) => m.pushNew(new Map()), // }
  115: (m) => m.setItems(m.popMany(2)), // s SETITEM
  117: (m) => m.setItems(m.popToMark()), // u SETITEMS
  // Stack and memo
  48: (m) => (m.marks.at(-1) === m.stack.length ? m.popToMark() : m.pop()), // 0 POP, which can also take a mark away
  49: (m) => m.popToMark(), // 1 POP_MARK
  50: (m) => m.push(m.top()), // 2 DUP
  104: (m) => m.get(m.unsigned(1)), // h BINGET
  106: (m) => m.get(m.unsigned(4)), // j LONG_BINGET
  113: (m) => m.put(m.unsigned(1)), // q BINPUT
  114: (m) => m.put(m.unsigned(4)), // r LONG_BINPUT
  148: (m) => m.put(m.memo.size), // MEMOIZE
  // Globals and calls
  99: (m) => m.global(m.line(), m.line()), // c GLOBAL
  147: (m) => {
    const [module, name] = m.popMany(2); // STACK_GLOBAL
    m.global(module, name);
  },
  82: (m) => m.call(), // R REDUCE
  129: (m) => m.create(), // NEWOBJ
  98: (m) => m.build(), // b BUILD
  81: (m) => m.external(), // Q BINPERSID
};

/** Little-endian two's complement. */
function integer(m: Machine, length: number): number | bigint {
  if (length > limits.integerBytes) throw m.tooMuch("bytes in an integer", limits.integerBytes, length);
  let value = 0n;
  for (const byte of m.data(length).toReversed()) value = (value << 8n) | BigInt(byte);
  return plain(BigInt.asIntN(8 * length, value));
}

/** Python 2 wrote integers of more than 32 bits as a line of text in any protocol. */
function decimal(m: Machine): number | bigint {
  const text = m.line();
  if (!/^-?[1-9]\d{0,30}$/.test(text)) throw m.damaged("an integer", quote(text));
  return plain(BigInt(text));
}

function plain(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
