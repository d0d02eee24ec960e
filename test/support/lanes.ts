/**
 * The lanes of the tests, which are folders: `test/fast` needs no database, `test/servers` calls real servers and processes and says the
 * same at any load, `test/slow` is the rest. Each file of `slow` says in its first line why it is there. `npm test` runs the first two.
 */
import { globSync } from 'node:fs'
import path from 'node:path'

export const lanes = ['fast', 'servers', 'slow'] as const
export type Lane = (typeof lanes)[number]

/** Files that replace a module, a machine or the clock. Each gets a process of its own; the others of a lane share some. */
export const ALONE = '.alone.test.ts'

/** All test files, as paths from the root of the repository. */
export const testFiles: readonly string[] = globSync('test/**/*.test.ts', {
  cwd: path.resolve(import.meta.dirname, '../..'),
})
  .map((file) => file.replaceAll(path.sep, '/'))
  .toSorted()

export const laneOf = (file: string): string => file.split('/')[1] ?? ''

/**
 * The lanes of a run.
 * @param mode vitest's `--mode`: `slow` for that lane alone
 * @param words what was typed behind `vitest`: who names a slow file, or a folder of them, has it run
 */
export function lanesOf(mode: string, words: readonly string[]): readonly Lane[] {
  if (mode === 'slow') return ['slow']
  return words.some((word) => word.startsWith('test/slow')) ? lanes : ['fast', 'servers']
}
