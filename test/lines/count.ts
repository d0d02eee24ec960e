import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Part of the house: these files, but for those. Patterns from the top of a tree; a file that is not there counts as nothing. */
export interface Part {
  readonly what: string
  readonly files: readonly string[]
  readonly except?: readonly string[]
}

export interface Count {
  readonly what: string
  readonly files: number
  readonly lines: number
}

/** The files and lines of each part, comments included. @param tree top of a checkout */
export const countsOf = (tree: string, parts: readonly Part[]): readonly Count[] =>
  parts.map(({ what, files, except = [] }) => {
    const without = new Set(globSync(except, { cwd: tree }))
    const found = globSync(files, { cwd: tree }).filter((file) => !without.has(file))
    const lines = found.reduce((sum, file) => sum + linesOf(path.join(tree, file)), 0)
    return { what, files: found.length, lines }
  })

const linesOf = (file: string): number => readFileSync(file, 'utf8').split('\n').length - 1

/**
 * What happens where several processes write to one queue (docs/inside/several-writers.md), under the names that it has and had: so trees of any
 * age can be compared.
 */
export const severalWriters: readonly Part[] = [
  {
    what: 'src/engine/coordinator/commit',
    files: ['src/engine/coordinator/commit/*.ts'],
    except: ['src/engine/coordinator/commit/{data-staging,started-data}.ts'],
  },
  { what: 'adapters', files: ['src/engine/store/*/{answer-pieces,combining,deciding,handed,told,turn}.ts'] },
  {
    what: 'SQL functions',
    files: [
      'migrations/functions/21_combining.sql',
      'migrations/functions/job_queue_{publish,append_for,resign,answered,published_in,turn}.sql',
      'migrations/functions/job_queue_{hand_in,pick_up,handed,handled,append_told}.sql',
    ],
  },
  { what: 'tables', files: ['migrations/parts/35_*.sql'] },
]
