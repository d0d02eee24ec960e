import { rmSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import manifest from '../../package.json' with { type: 'json' }

let made: Promise<string> | undefined

/** As .ci/bundle-library.mjs has it. */
const inside = ['rxjs', 'zod']
const outside = Object.keys({
  ...manifest.dependencies,
  ...manifest.optionalDependencies,
  ...manifest.devDependencies,
}).filter((name) => !inside.includes(name))

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
  await build({
    entryPoints: [fileURLToPath(new URL('./process-child.ts', import.meta.url))],
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['es2015'],
    target: 'node22',
    external: [...outside, 'node:*'],
    logLevel: 'error',
  })
  return path.join(outdir, 'process-child.mjs')
}
