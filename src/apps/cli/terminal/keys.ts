import type { ReadStream } from 'node:tty'
import type { Keyboard } from '../frame.ts'

/** An arrow or another key that sends several characters, or one character: keys that are typed fast come together. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that such a key begins with
const ONE_KEY = /\u001b(?:\[[\d;]*.|O.)?|./gsu

/**
 * The keys typed into a terminal, one by one. They are not echoed, and Ctrl-C is a key like any other. None if it is not a
 * terminal.
 */
export function keysOf(stdin: ReadStream): { readonly keys?: Keyboard } {
  if (!stdin.isTTY) return {}
  const listen: Keyboard['listen'] = (onKey) => {
    const take = (data: Buffer) => {
      for (const key of data.toString('utf8').match(ONE_KEY) ?? []) onKey(key)
    }
    stdin.setRawMode(true)
    stdin.on('data', take)
    return () => {
      stdin.off('data', take)
      stdin.setRawMode(false)
      stdin.pause()
    }
  }
  return { keys: { listen } }
}
