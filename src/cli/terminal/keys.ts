import type { ReadStream } from 'node:tty'
import type { Keys } from '../frame.ts'

/** What is typed into a terminal, key by key: nothing is shown, and Ctrl-C is a key like any other. None where it is no terminal. */
export function keysOf(stdin: ReadStream): { readonly keys?: Keys } {
  if (!stdin.isTTY) return {}
  const listen: Keys['listen'] = (onKey) => {
    const take = (data: Buffer) => onKey(data.toString('utf8'))
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
