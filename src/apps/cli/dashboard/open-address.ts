import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** The program that opens an address in the user's browser, for each system. */
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}

/** @returns false if there is no browser */
export async function openAddress(address: string): Promise<boolean> {
  const [command, ...words] = openers[process.platform] ?? ['xdg-open']
  const child = spawn(command, [...words, address], { stdio: 'ignore', detached: true })
  child.unref()
  const started = once(child, 'spawn').then(() => true)
  return started.catch(() => false)
}
