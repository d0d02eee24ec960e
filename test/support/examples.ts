/** The programs of docs/examples, each installed over the packed package as somebody would who has copied its folder. */
import { cp, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { type InstalledPackage, installArchive } from './install-archive.ts'

const folder = path.resolve(import.meta.dirname, '../../docs/examples')

/** Their names, in the order of the alphabet. */
export async function exampleNames(): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** In a folder of its own, with what its package.json asks for and nothing else. `npm start` runs it. */
export async function installExample(name: string, archive: string): Promise<InstalledPackage> {
  const { dependencies } = JSON.parse(await readFile(path.join(folder, name, 'package.json'), 'utf8'))
  const others = Object.keys(dependencies).filter((other) => other !== 'interlock-queue')
  const installed = await installArchive(archive, others)
  await cp(path.join(folder, name), installed.folder, { recursive: true })
  return installed
}
