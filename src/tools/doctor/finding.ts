import { oneLine } from '../../engine/core/index.ts'
import type { AccountFinding } from '../../engine/store/index.ts'

/** Something that a check found. */
export type Finding = AccountFinding

/** What it says may name rows, columns and sessions of other people: each part is one line. */
export const finding =
  (level: Finding['level']) =>
  (check: string, what: string, remedy: string): Finding => ({
    check,
    level,
    what: oneLine(what),
    remedy: oneLine(remedy),
  })

export const problem = finding('problem')
export const note = finding('note')

/** The findings among these; false and undefined are left out. */
export const those = (...found: readonly (Finding | false | undefined)[]): Finding[] =>
  found.filter((each) => each !== false && each !== undefined)
