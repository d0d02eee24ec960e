import { execFile } from 'node:child_process'
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
