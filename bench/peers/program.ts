import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build, type Plugin } from 'esbuild'
import manifest from '../../package.json' with { type: 'json' }

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
  // Where the packages can be found from.
  const cache = path.resolve(import.meta.dirname, '../../node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const outdir = await mkdtemp(path.join(cache, 'bench-'))
  process.once('exit', () => rmSync(outdir, { recursive: true, force: true }))
  if (archive !== undefined) await unpack(archive, path.join(outdir, 'node_modules', manifest.name))
  await build({
    entryPoints: [fileURLToPath(new URL('./process-child.ts', import.meta.url))],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    packages: 'external',
    logLevel: 'error',
    plugins: archive === undefined ? [] : [published],
  })
  return path.join(outdir, 'process-child.mjs')
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
      const from = asked.includes('/adapter/postgres/') ? `${manifest.name}/postgres` : manifest.name
      return { path: from, external: true }
    })
  },
}
