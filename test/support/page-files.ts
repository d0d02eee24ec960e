import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Made } from './made.ts'

const root = path.resolve(import.meta.dirname, '../..')
const cache = path.join(root, 'node_modules', '.cache')

/** The page of the dashboard, built of the sources of this moment beside dist/, which somebody may be using. */
export async function makePage(): Promise<Made> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(path.join(cache, 'page-'))
  // As it is published: vitest's `test` would make a page of another size.
  const env = { ...process.env, NODE_ENV: 'production' }
  await promisify(execFile)(process.execPath, ['.ci/build-page.mjs', folder], { cwd: root, env })
  return { place: folder, remove: () => rm(folder, { recursive: true }) }
}
