/** Embedded databases to make others of: `initdb` in WebAssembly takes seconds, a copy a few tenths of one. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Made } from './made.ts'

export async function makeEmbedded(): Promise<Made> {
  const place = await mkdtemp(path.join(tmpdir(), 'interlock-embedded-'))
  // Not in this process, which has the tests to look after.
  await promisify(execFile)(process.execPath, [path.join(import.meta.dirname, 'embedded-child.ts'), place])
  return { place, remove: () => rm(place, { recursive: true, force: true }) }
}
