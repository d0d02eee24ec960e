/** Something that a check found. */
export interface Finding {
  /** Which check: a word for programs. */
  readonly check: string
  /** A `problem` makes the command end with 3; a `note` is worth a look and may be meant. */
  readonly level: 'problem' | 'note'
  /** One sentence. */
  readonly what: string
  /** What to type or to change. */
  readonly remedy: string
}

export const problem = (check: string, what: string, remedy: string): Finding => ({
  check,
  level: 'problem',
  what,
  remedy,
})

export const note = (check: string, what: string, remedy: string): Finding => ({
  check,
  level: 'note',
  what,
  remedy,
})
