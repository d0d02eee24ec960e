import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'

/**
 * Lists first: those of an image may be of long ago. One source that does not answer is no reason to give up. Two that install at
 * once wait for each other.
 */
export async function installFromDebian(name: string): Promise<void> {
  const run = promisify(execFile)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const wait = ['-o', 'DPkg::Lock::Timeout=300']
  await run('apt-get', ['update', '-q', ...wait], { env }).catch(() => {})
  await run('apt-get', ['install', '-y', '-q', ...wait, '--no-install-recommends', name], { env })
}

/** Where Debian, and others, put programs. */
const places = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin']

/** What tests need of a package, and the variable of the environment that may name its folder. */
export interface Wanted {
  readonly name: string
  readonly programs: readonly string[]
  readonly variable: string
}

/** The folder with these programs: the one that is named, one that is there, or Debian's, which root installs here. */
export async function debianFolder({ name, programs, variable }: Wanted): Promise<string> {
  const found = () =>
    [process.env[variable] ?? '', ...places].find((place) =>
      programs.every((program) => existsSync(path.join(place, program))),
    )
  const there = found()
  if (there !== undefined) return there
  const advice = `these tests need ${programs.join(' and ')}: run \`apt-get install ${name}\` as root, or name their folder by ${variable}`
  if (process.getuid?.() !== 0)
    throw new Error(`${advice} (this is no root, so it cannot be installed from here)`)
  try {
    await installFromDebian(name)
  } catch (error) {
    throw new Error(
      `${advice}; apt-get has said: ${String((error as { stderr?: unknown }).stderr ?? error).trim()}`,
    )
  }
  const installed = found()
  if (installed === undefined) throw new Error(`${advice}; apt-get has put none into ${places.join(', ')}`)
  return installed
}
