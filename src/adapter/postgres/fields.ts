/** Between two fields of an event in the text of a page. */
const FIELD_END = '\x1f'
/** As many as the times have. A number of so many that is not exact is too large for the log, and refused as that. */
const MOST_DIGITS = 16

/** The fields of one event, one after the other. It looks for them itself: `split` and `Number` take twice as long. */
export class Fields {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = apart(text)
  }

  /** The next field; null when it is empty, or when there is none. */
  text(): string | null {
    const from = this.#at
    const end = this.#text.indexOf(FIELD_END, from)
    this.#at = end === -1 ? this.#text.length + 1 : end + 1
    return end === from ? null : this.#text.slice(from, end === -1 ? undefined : end) || null
  }

  /** The next field as a whole number; NaN when it is none. */
  integer(): number {
    const text = this.text()
    return text === null ? Number.NaN : integerOf(text)
  }

  /** Nothing is left: there were as many fields as were asked for. */
  get isSpent(): boolean {
    return this.#at > this.#text.length
  }
}

function integerOf(text: string): number {
  if (text.length > MOST_DIGITS) return Number(text)
  let value = 0
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return Number(text)
    value = value * 10 + digit
  }
  return value
}

/** A copy: a part of a long text keeps all of it in memory, and a job that waits for days would keep a whole page. */
const apart = (text: string): string => ` ${text}`.slice(1)
