import { existsSync } from 'node:fs'
import { installFromDebian } from './debian.ts'
import type { Made } from './made.ts'

/** Where Debian, and others, put it. The one without windows is first: it takes half the processor time. */
const places = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** What a machine has and lets somebody do. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly places: readonly string[]
  readonly isRoot: boolean
  install(): Promise<void>
}

const here: Machine = {
  ...{ env: process.env, places, isRoot: process.getuid?.() === 0 },
  // An older release has only the one with windows.
  install: () => installFromDebian('chromium-headless-shell').catch(() => installFromDebian('chromium')),
}

/** What to do is said first: what the program that could not be run has said is no help. */
const advice =
  'the tests of the page need Chromium: run `apt-get install chromium` as root, or name one by INTERLOCK_TEST_CHROMIUM'

/**
 * A Chromium: the one that INTERLOCK_TEST_CHROMIUM names, one that is there, or Debian's, which root installs here.
 * @throws Error that says what to do: without a browser its tests fail, and are not left out
 */
export async function chromiumPath({ env, places, isRoot, install }: Machine = here): Promise<string> {
  const named = env['INTERLOCK_TEST_CHROMIUM']
  if (named !== undefined && !existsSync(named))
    throw new Error(`INTERLOCK_TEST_CHROMIUM names ${named}, which is not there`)
  const found = () => named ?? places.find(existsSync)
  const there = found()
  if (there !== undefined) return there
  if (!isRoot) throw new Error(`${advice} (you are not root, so it cannot be installed from here)`)
  try {
    await install()
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
