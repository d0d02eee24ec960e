import type { RefusedRows } from '../../port/index.ts'
import type { Logger } from '../base/logger.ts'

/** Says once that the user's tables refuse rows, for each table and SQLSTATE, until they do so no more. */
export class Refusals {
  readonly #logger: Logger
  #told: ReadonlySet<string> = new Set()

  constructor(logger: Logger) {
    this.#logger = logger
  }

  note(refused: readonly RefusedRows[]): void {
    for (const { target, sqlstate, rows, example } of refused) {
      if (this.#told.has(key(target, sqlstate))) continue
      const which =
        rows === 1
          ? `the row of ${target} of job ${example}`
          : `${rows} rows of ${target}, such as ${example},`
      this.#logger.error(
        `[COORDINATOR] ${which} cannot be written (${meaningOf(sqlstate)}); the queue goes on, and they are tried again; \`interlock doctor\` says what to do`,
      )
    }
    this.#told = new Set(refused.map(({ target, sqlstate }) => key(target, sqlstate)))
  }
}

const key = (target: string, sqlstate: string): string => `${target} ${sqlstate}`

function meaningOf(sqlstate: string): string {
  if (sqlstate.startsWith('23')) return `a constraint refuses it: ${sqlstate}`
  if (sqlstate.startsWith('22')) return `a word is none of its type: ${sqlstate}`
  return `it raises ${sqlstate}`
}
