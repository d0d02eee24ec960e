/**
 * Every name that the package exports, and its declaration, without paths, so that it stays the same when files move: a diff of
 * `declarations.txt` says what programs see of a change. A test compares the two; this program writes the file (`npm run generate -- declarations`).
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import manifest from '../../../package.json' with { type: 'json' }
import { compile } from '../../support/compiler.ts'
import { Exports } from './exports.ts'
import { root } from './tree.ts'

const kept = path.join(import.meta.dirname, 'declarations.txt')

export const keptDeclarations = (): Promise<string> => readFile(kept, 'utf8')

/** Compiles the sources, and says what a program that has installed the package sees of them. */
export async function currentDeclarations(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'interlock-declarations-'))
  try {
    const config = path.join(folder, 'tsconfig.json')
    // Comments may change without a change of what compiles.
    const compilerOptions = {
      ...{ outDir: folder, typeRoots: [path.join(root, 'node_modules/@types')] },
      ...{ emitDeclarationOnly: true, removeComments: true },
    }
    await writeFile(
      config,
      JSON.stringify({ extends: path.join(root, 'tsconfig.build.json'), compilerOptions }),
    )
    const said = await compile(config, root)
    if (said !== '') throw new Error(said)
    return textOf(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

function textOf(folder: string): string {
  const exports = new Exports()
  for (const [subPath, entry] of Object.entries(manifest.exports))
    if (typeof entry !== 'string') exports.add(subPath, path.join(folder, path.relative('dist', entry.types)))
  return exports.text()
}

if (import.meta.main) await writeFile(kept, await currentDeclarations())
