/** What tests start as processes of their own, compiled once for the run: from the sources, each start takes twice the processor time. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Made } from './made.ts'

const root = path.resolve(import.meta.dirname, '../..')
const cache = path.join(root, 'node_modules', '.cache')

/** From the top of the repository. The command is compiled besides. */
const programs = [
  'test/slow/process/complete-in-child.ts',
  'test/slow/process/enqueue-many-child.ts',
  'test/slow/process/schedule-child.ts',
  'test/servers/process/worker.ts',
  'test/slow/process/traced.ts',
  'test/slow/contract/pglite-child.ts',
] as const

export async function makePrograms(): Promise<Made> {
  // In the repository, where they find the packages that they need.
  await mkdir(cache, { recursive: true })
  const place = await mkdtemp(path.join(cache, 'programs-'))
  await promisify(execFile)(process.execPath, ['.ci/build-programs.mjs', place, ...programs], { cwd: root })
  return { place, remove: () => rm(place, { recursive: true }) }
}
