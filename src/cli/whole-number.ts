import { InterlockError } from '../core/index.ts'

/** The number of a flag. @throws InterlockError `invalid_input` naming the flag */
export function wholeNumber(
  flag: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined
  const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  if (number >= min && number <= max) return number
  throw new InterlockError(
    'invalid_input',
    `${flag} ${text}: must be a whole number from ${min.toLocaleString('en')} to ${max.toLocaleString('en')}`,
  )
}
