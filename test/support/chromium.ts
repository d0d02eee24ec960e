import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Where Debian, and others, put it. */
const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const found = () => [process.env['INTERLOCK_TEST_CHROMIUM'] ?? '', ...places].find(existsSync)

/** A Chromium: the one that INTERLOCK_TEST_CHROMIUM names, one that is there, or Debian's, which is installed where that is allowed. */
export function chromiumPath(): string {
  const there = found()
  if (there !== undefined) return there
  try {
    execFileSync('apt-get', ['update', '-q'], { stdio: 'ignore' })
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], {
      stdio: 'ignore',
    })
  } catch (error) {
    throw new Error('no chromium: apt-get install chromium, or name one by INTERLOCK_TEST_CHROMIUM', {
      cause: error,
    })
  }
  return found() ?? '/usr/bin/chromium'
}
