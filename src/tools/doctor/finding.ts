import { type CheckLevel, checks, oneLine } from '../../engine/core/index.ts'
import type { AccountFinding } from '../../engine/store/index.ts'
import { ownChecks } from './own-checks.ts'

/** Something that a check found. */
export type Finding = AccountFinding

/** All that the doctor may find. */
const all = { ...ownChecks, ...checks }
type AnyId = keyof typeof all
/** The level of these is told by each finding. */
type EitherId = { [Id in AnyId]: (typeof all)[Id]['level'] extends CheckLevel ? never : Id }[AnyId]
type SureId = Exclude<AnyId, EitherId>

/** What it says may name rows, columns and sessions of other people: each part is one line. */
export const plain = ({ what, remedy, ...rest }: Finding): Finding => ({
  ...rest,
  what: oneLine(what),
  remedy: oneLine(remedy),
})

const said =
  (level: CheckLevel) =>
  (check: EitherId, what: string, remedy: string = all[check].remedy): Finding =>
    plain({ check, level, what, remedy })

export const problem = said('problem')
export const note = said('note')

/** Of the level that the list says. @param remedy that of the list unless given */
export const found = (check: SureId, what: string, remedy: string = all[check].remedy): Finding =>
  plain({ check, level: all[check].level, what, remedy })

/** The findings among these; false and undefined are left out. */
export const those = (...findings: readonly (Finding | false | undefined)[]): Finding[] =>
  findings.filter((each) => each !== false && each !== undefined)
