import { existsSync } from 'node:fs'
import path from 'node:path'
import { installFromDebian } from './debian.ts'
import type { Made } from './once-global.ts'

/** Where Debian, and others, put them. */
const places = ['/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']

const found = () =>
  [process.env['INTERLOCK_TEST_PROMETHEUS'] ?? '', ...places].find((place) =>
    ['prometheus', 'promtool'].every((name) => existsSync(path.join(place, name))),
  )

const advice =
  'the tests of figures and alerts need Prometheus and promtool: run `apt-get install prometheus` as root, or name a folder with both by INTERLOCK_TEST_PROMETHEUS'

/** The folder with `prometheus` and `promtool`: the one that is named, one that is there, or Debian's, which root installs here. */
async function prometheusFolder(): Promise<string> {
  const there = found()
  if (there !== undefined) return there
  if (process.getuid?.() !== 0)
    throw new Error(`${advice} (this is no root, so it cannot be installed from here)`)
  try {
    await installFromDebian('prometheus')
  } catch (error) {
    throw new Error(
      `${advice}; apt-get has said: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`,
    )
  }
  const installed = found()
  if (installed === undefined) throw new Error(`${advice}; apt-get has put none into ${places.join(', ')}`)
  return installed
}

/** Once for a run: two that install at once lock each other out. */
export const makePrometheus = async (): Promise<Made> => ({
  place: await prometheusFolder(),
  remove: async () => {},
})
