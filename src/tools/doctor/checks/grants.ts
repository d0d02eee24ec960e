import { forShell } from '../../../engine/core/index.ts'
import type { Facts } from '../facts.ts'
import { type Finding, problem, those } from '../finding.ts'

const SHOWN = 5

/** Privileges that the caller lacks, and privileges that no browser may have. */
export function checkGrants({ checkup: { grants } }: Facts): Finding[] {
  const { caller, missing, open } = grants
  return those(
    missing.length > 0 &&
      problem(
        'grants',
        `${caller} lacks ${some(missing)}`,
        `interlock migrate --runtime-role ${forShell(caller)}, as the owner of the tables`,
      ),
    open.length > 0 &&
      problem('open', `privileges that no role should have: ${some(open)}`, 'interlock migrate --again'),
  )
}

const some = (list: readonly string[]): string =>
  list.length <= SHOWN
    ? list.join(', ')
    : `${list.slice(0, SHOWN).join(', ')} and ${list.length - SHOWN} more`
