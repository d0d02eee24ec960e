import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import { buildPage } from '../../.ci/build-page.mjs.mts'
import type { Made } from './once-global.ts'

const cache = path.resolve(import.meta.dirname, '../../node_modules/.cache')

/** The page of the dashboard, built of the sources of this moment beside dist/, which somebody may be using. */
export async function makePage(): Promise<Made> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(path.join(cache, 'page-'))
  await buildPage(folder)
  return { place: folder, remove: () => rm(folder, { recursive: true }) }
}
