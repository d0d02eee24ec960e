/** The package as npm would publish it, made anew from the sources and unpacked where somebody would have installed it. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }

const root = path.resolve(import.meta.dirname, '../..')
const run = promisify(execFile)
const cache = path.join(root, 'node_modules', '.cache')
/** What a package has whatever its manifest says. */
const always = ['package.json', 'README.md', 'LICENSE']

export interface InstalledPackage {
  /** The folder in which somebody installed it; outside of the repository. */
  readonly folder: string
  /** Where the package lies in it. */
  readonly unpacked: string
  remove(): Promise<void>
}

/** Installed with what it depends on and with `peers`; no other package can be found from there. */
export async function installPackage(peers: readonly string[] = []): Promise<InstalledPackage> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-package-'))
  const modules = path.join(folder, 'node_modules')
  const unpacked = path.join(modules, manifest.name)
  await mkdir(unpacked, { recursive: true })
  // In the repository, where all drivers are found, but not in dist/, which another test may need at this moment.
  await mkdir(cache, { recursive: true })
  await unpack(await mkdtemp(path.join(cache, 'packing-')), unpacked)
  for (const name of [...Object.keys(manifest.dependencies), ...peers]) {
    await mkdir(path.dirname(path.join(modules, name)), { recursive: true })
    await symlink(path.join(root, 'node_modules', name), path.join(modules, name), 'junction')
  }
  return { folder, unpacked, remove: () => rm(folder, { recursive: true, force: true }) }
}

async function unpack(packing: string, into: string): Promise<void> {
  for (const name of [
    ...always,
    ...manifest.files.map((file) => file.split('/')[0] ?? file).filter((file) => file !== 'dist'),
  ]) {
    await cp(path.join(root, name), path.join(packing, name), { recursive: true })
  }
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc')
  await run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', path.join(packing, 'dist')], {
    cwd: root,
  })
  await run(process.execPath, ['.ci/commonjs-types.mjs', path.join(packing, 'dist')], { cwd: root })
  await run('npm', ['pack', '--ignore-scripts', '--silent', '--offline'], { cwd: packing })
  const archive = (await readdir(packing)).find((file) => file.endsWith('.tgz'))
  if (archive === undefined) throw new Error('npm pack made no archive')
  await run('tar', ['-xzf', path.join(packing, archive), '--strip-components=1', '-C', into])
  await rm(packing, { recursive: true })
}
