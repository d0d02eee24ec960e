/** The archive of the package, made from the sources of this moment beside dist/, which somebody may be using. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }
import type { Made } from './made.ts'

const root = path.resolve(import.meta.dirname, '../..')
const run = promisify(execFile)
const cache = path.join(root, 'node_modules', '.cache')
/** What a package has whatever its manifest says. */
const always = ['package.json', 'README.md', 'LICENSE']

export async function makeArchive(): Promise<Made> {
  // In the repository, where what is built finds the packages that it is built of.
  await mkdir(cache, { recursive: true })
  const packing = await mkdtemp(path.join(cache, 'packing-'))
  const remove = () => rm(packing, { recursive: true })
  try {
    const listed = manifest.files.filter((file) => !file.startsWith('!'))
    const published = listed.map((file) => file.split('/')[0] ?? file)
    for (const name of [...always, ...published.filter((file) => file !== 'dist')]) {
      await cp(path.join(root, name), path.join(packing, name), { recursive: true })
    }
    await run(process.execPath, ['.ci/build.mjs', path.join(packing, 'dist')], { cwd: root })
    await run('npm', ['pack', '--ignore-scripts', '--silent', '--offline'], { cwd: packing })
    const archive = (await readdir(packing)).find((file) => file.endsWith('.tgz'))
    if (archive === undefined) throw new Error('npm pack made no archive')
    return { place: path.join(packing, archive), remove }
  } catch (error) {
    await remove()
    throw error
  }
}
