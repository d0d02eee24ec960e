import { setFlagsFromString } from 'node:v8'

/** The major versions of V8 whose flags these are (Node.js 22 to 26): of one that it does not know, V8 complains on standard error. */
const known = [12, 13, 14]
const flags = ['--no-wasm-dynamic-tiering', '--no-wasm-tier-up']

/**
 * For a process that opens the embedded database for a moment. V8 compiles WebAssembly at once, and what is called often a second time
 * and better. Of the database that is one function of 100 kB above all, which takes 0.7 s of a processor and half a gigabyte of memory.
 * Not where jobs run: there it pays, and handlers may have WebAssembly of their own.
 */
export function compileOnce(): void {
  if (!known.includes(Number.parseInt(process.versions.v8, 10))) return
  for (const flag of flags) setFlagsFromString(flag)
}
