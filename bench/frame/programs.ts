/** What benches run in processes of their own, as JavaScript, as it is published: a Node that has to strip types first is larger and later. */
import { globSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'
import manifest from '../../package.json' with { type: 'json' }
import ofOthers from '../package.json' with { type: 'json' }

const bench = path.resolve(import.meta.dirname, '..')
// Where the packages can be found from, those of the other queues too.
const cache = path.join(bench, 'node_modules/.cache')

const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest
/** What the package has inside is inside here as well. */
const inside = ['rxjs', 'zod']
const outside = Object.keys({
  ...dependencies,
  ...devDependencies,
  ...optionalDependencies,
  ...peerDependencies,
  ...ofOthers.dependencies,
}).filter((name) => !inside.includes(name))

/** A new folder for what is compiled; it goes with this process. */
export async function folderForPrograms(): Promise<string> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(path.join(cache, 'bench-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Each lies where it lies in the folder of the benches, and ends in `.mjs`. @param programs files */
export async function compileInto(
  folder: string,
  programs: readonly string[],
  plugins: Plugin[] = [],
): Promise<void> {
  await build({
    absWorkingDir: bench,
    entryPoints: [...programs],
    outdir: folder,
    outbase: '.',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    // As .ci/bundle-library.mjs does it, and why.
    platform: 'neutral',
    conditions: ['es2015'],
    external: [...outside, 'node:*'],
    target: 'node22',
    logLevel: 'error',
    plugins,
  })
}

let made: Promise<string> | undefined

/** The compiled file of a program: all are compiled when the first one is asked for. */
export async function compiledProgram(program: URL): Promise<string> {
  made ??= compileAll()
  return path.join(await made, path.relative(bench, fileURLToPath(program)).replace(/\.ts$/, '.mjs'))
}

async function compileAll(): Promise<string> {
  const folder = await folderForPrograms()
  await compileInto(folder, globSync('*/{child,*-child}.ts', { cwd: bench }))
  return folder
}
