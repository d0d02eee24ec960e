import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** The program of each system that opens an address in the browser of who is at it. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** @returns false where there is none to open it in */
export async function openAddress(address: string): Promise<boolean> {
  const [command, ...words] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(command, [...words, address], { stdio: 'ignore', detached: true })
  child.unref()
  const started = once(child, 'spawn').then(() => true)
  return started.catch(() => false)
}
