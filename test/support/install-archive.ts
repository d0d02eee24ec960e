/** An archive of the package, unpacked where somebody would have installed it. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }

const root = path.resolve(import.meta.dirname, '../..')

export interface InstalledPackage {
  /** The folder in which somebody installed it; outside of the repository. */
  readonly folder: string
  /** Where the package lies in it. */
  readonly unpacked: string
  /** Installs another package beside it. */
  add(name: string): Promise<void>
  remove(): Promise<void>
}

/** What npm installs with it, unless told otherwise. */
const withIt = { ...manifest.dependencies, ...manifest.optionalDependencies }

/** Installed with what it depends on and with `others`; no other package can be found from there. */
export async function installArchive(
  archive: string,
  others: readonly string[] = [],
  { optional = true }: { readonly optional?: boolean } = {},
): Promise<InstalledPackage> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-package-'))
  const modules = path.join(folder, 'node_modules')
  const unpacked = path.join(modules, manifest.name)
  await mkdir(unpacked, { recursive: true })
  await promisify(execFile)('tar', ['-xzf', archive, '--strip-components=1', '-C', unpacked])
  const there = new Set<string>()
  const add = async (name: string) => {
    if (there.has(name)) return
    there.add(name)
    await mkdir(path.dirname(path.join(modules, name)), { recursive: true })
    await symlink(path.join(root, 'node_modules', name), path.join(modules, name), 'junction')
  }
  for (const name of [...Object.keys(optional ? withIt : manifest.dependencies), ...others]) await add(name)
  return { folder, unpacked, add, remove: () => rm(folder, { recursive: true, force: true }) }
}
