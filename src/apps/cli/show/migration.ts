import type { MigrationOutcome, PlannedChange } from '../../../engine/migrate/index.ts'
import type { Frame } from '../frame.ts'
import type { TextLines } from '../terminal/lines.ts'
import { table } from '../terminal/table.ts'

/** What was done, or would be. */
export interface MigrateDocument extends MigrationOutcome {
  /** `{ does, what, how }`: what it makes, changes and leaves; absent: there was nothing to do. */
  readonly plan?: readonly PlannedChange[]
  /** With `--schema`: the `search_path` for queries that name no schema. */
  readonly searchPath?: string
}

/** What a migration makes, changes and leaves, one line each. */
export const planText = ({ colors }: Frame, plan: readonly PlannedChange[]): readonly string[] =>
  table(
    ['', 'WHAT', 'HOW'],
    plan.map(({ does, what, how }) => [does, what, how]),
    { heading: colors.bold },
  )

/** @param check nothing was to be changed */
export function outcomeText(
  frame: Frame,
  { version, applied, plan, passedOver = [], found = [], searchPath }: MigrateDocument,
  check = false,
): TextLines {
  const path =
    searchPath === undefined ? [] : [`queries that name no schema: SET search_path = ${searchPath};`]
  if (!applied && !check) {
    return plan === undefined
      ? [`nothing to do: the database has migration ${version}`, ...path]
      : 'nothing was changed'
  }
  const title = check
    ? `nothing was changed; migrating to ${version} would succeed`
    : `migrated to ${version}`
  return [
    ...(plan === undefined ? [] : planText(frame, plan)),
    title,
    ...path,
    ...passedOver.map((what) => `note: ${what}`),
    ...found.map(({ level, what, remedy }) => `${level}: ${what}; ${remedy}`),
  ]
}
