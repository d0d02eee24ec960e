import { existsSync } from 'node:fs'
import { installFromDebian } from './debian.ts'
import type { Made } from './once-global.ts'

/** Where Debian, and others, put it. */
const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const found = () => [process.env['INTERLOCK_TEST_CHROMIUM'] ?? '', ...places].find(existsSync)

/** What to do is said first: what the program that could not be run has said is no help. */
const advice =
  'the tests of the page need Chromium: run `apt-get install chromium` as root, or name one by INTERLOCK_TEST_CHROMIUM'

/** A Chromium: the one that INTERLOCK_TEST_CHROMIUM names, one that is there, or Debian's, which root installs here. */
export async function chromiumPath(): Promise<string> {
  const there = found()
  if (there !== undefined) return there
  if (process.getuid?.() !== 0)
    throw new Error(`${advice} (this is no root, so it cannot be installed from here)`)
  try {
    await installFromDebian('chromium')
  } catch (error) {
    throw new Error(
      `${advice}; apt-get has said: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`,
    )
  }
  const installed = found()
  if (installed === undefined)
    throw new Error(`${advice}; apt-get has installed none at ${places.join(', ')}`)
  return installed
}

/** Once for a run: two that install at once lock each other out. */
export const makeChromium = async (): Promise<Made> => ({
  place: await chromiumPath(),
  remove: async () => {},
})
