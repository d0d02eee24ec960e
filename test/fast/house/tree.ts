/** The source files as they lie in the repository. When folders move, only `floors` and `roomOf` know of it. */
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const root = path.resolve(import.meta.dirname, '../../..')

/** Folders of `src` whose folders are rooms. A folder beside them is a room itself. */
const floors: readonly string[] = ['engine', 'tools', 'apps']

export interface SourceFile {
  /** From the top of the repository, with `/`. */
  readonly file: string
  readonly text: string
  readonly lines: number
  /** Written by a program of this repository, which its first line names. */
  readonly isGenerated: boolean
}

/** `core`, `engine/core`; `index.ts` for a file of `src` itself. Undefined for what is not in `src`. */
export function roomOf(file: string): string | undefined {
  const [top, first = '', second = ''] = file.split('/')
  if (top !== 'src') return undefined
  return floors.includes(first) ? `${first}/${second}` : first
}

/** Whether a file is in this room, on whichever floor that is. */
export const isIn = (room: string, file: string): boolean => roomOf(file)?.split('/').at(-1) === room

/** `src`, and `machines`, which imports it. */
export function readSources(): readonly SourceFile[] {
  return globSync(['src/**/*.{ts,tsx}', 'machines/**/*.ts'], { cwd: root })
    .map((file) => file.replaceAll(path.sep, '/'))
    .toSorted()
    .map((file) => {
      const text = readFileSync(path.join(root, file), 'utf8')
      return { file, text, lines: linesOf(text), isGenerated: text.startsWith('// Made by ') }
    })
}

const linesOf = (text: string): number => text.split('\n').length - 1

/** Words of Markdown, as `wc -w` counts them. */
export interface Words {
  readonly readme: number
  readonly pages: number
  readonly decisions: number
}

export function countWords(): Words {
  const decisions = globSync('docs/inside/decisions/**/*.md', { cwd: root })
  const pages = globSync('docs/**/*.md', { cwd: root }).filter((file) => !decisions.includes(file))
  return { readme: wordsIn(['README.md']), pages: wordsIn(pages), decisions: wordsIn(decisions) }
}

const wordsIn = (files: readonly string[]): number =>
  files
    .map((file) => readFileSync(path.join(root, file), 'utf8').split(/\s+/).filter(Boolean).length)
    .reduce((sum, words) => sum + words, 0)
