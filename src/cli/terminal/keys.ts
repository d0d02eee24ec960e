import type { ReadStream } from 'node:tty'
import type { Keys } from '../frame.ts'

/** An arrow or another key that sends several characters, or one character: keys that are typed fast come together. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that such a key begins with
const ONE_KEY = /\u001b(?:\[[\d;]*.|O.)?|./gsu

/** What is typed into a terminal, key by key: nothing is shown, and Ctrl-C is a key like any other. None where it is no terminal. */
export function keysOf(stdin: ReadStream): { readonly keys?: Keys } {
  if (!stdin.isTTY) return {}
  const listen: Keys['listen'] = (onKey) => {
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
