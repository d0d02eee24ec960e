import type { ReadStream } from 'node:tty'
import type { Keys } from '../frame.ts'

/**
 * The keys typed into a terminal, one by one. They are not echoed, and Ctrl-C is a key like any other. None if it is not a
 * terminal.
 */
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
