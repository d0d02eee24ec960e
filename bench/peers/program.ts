import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Plugin } from 'esbuild'
import manifest from '../../package.json' with { type: 'json' }
import { compileInto, folderForPrograms } from '../frame/programs.ts'

let archive: string | undefined
let made: Promise<string> | undefined

/** From now on processes load this archive of the package, as people install it, and not the sources. */
export function usePackage(ofArchive: string): void {
  archive = ofArchive
  made = undefined
}

/** The program of a process as JavaScript, as it is published: a Node that has to strip types first is larger and later. */
export function programOfChild(): Promise<string> {
  made ??= bundled()
  return made
}

async function bundled(): Promise<string> {
  const folder = await folderForPrograms()
  if (archive !== undefined) await unpack(archive, path.join(folder, 'node_modules', manifest.name))
  const program = fileURLToPath(new URL('./process-child.ts', import.meta.url))
  await compileInto(folder, [program], archive === undefined ? [] : [published])
  return path.join(folder, 'peers', 'process-child.mjs')
}

async function unpack(from: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await promisify(execFile)('tar', ['-xzf', from, '--strip-components=1', '-C', folder])
}

/** What our worker is set up with comes from the package that lies beside the program. */
const published: Plugin = {
  name: 'published',
  setup(building) {
    building.onResolve({ filter: /\/src\/.+\/index\.ts$/ }, ({ path: asked, importer }) => {
      if (path.basename(importer) !== 'with-interlock.ts') return undefined
      const part = /\/(postgres|transaction)\/index\.ts$/.exec(asked)?.[1]
      return { path: part === undefined ? manifest.name : `${manifest.name}/${part}`, external: true }
    })
  },
}
