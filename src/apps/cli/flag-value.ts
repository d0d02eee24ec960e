import { forShell, invalidInput, numberText, type Units } from '../../engine/core/index.ts'

/** The numbers that a flag takes. */
export interface NumberRange {
  readonly min: number
  readonly max: number
  readonly whole: boolean
}

/** The number of a flag whose word for "no limit" is `none`. @throws InterlockError `invalid_input` naming the flag */
export function numberOrNone(
  flag: string,
  text: string | undefined,
  range: NumberRange,
): number | null | undefined {
  return text === 'none' ? null : numberIn(flag, text, range, ', or none')
}

/** The number of a flag. @throws InterlockError `invalid_input` naming the flag */
export function numberIn(
  flag: string,
  text: string | undefined,
  range: NumberRange,
  orElse = '',
): number | undefined {
  if (text === undefined) return undefined
  const number = readNumber(text, range)
  if (number !== undefined) return number
  throw invalidInput(`${flag} ${text}: must be ${rangeText(range)}${orElse}`)
}

/** The whole number of a flag. @throws InterlockError `invalid_input` naming the flag */
export const wholeNumber = (
  flag: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined => numberIn(flag, text, { min, max, whole: true })

/** How many times faster than it happened; 0: without a pause. @throws InterlockError `invalid_input` */
export const speedOf = (text: string): number =>
  numberIn('--speed', text, { min: 0, max: 1_000_000, whole: false }) ?? 1

/** For a flag that may be repeated. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  value,
]

/** Undefined if the text is not such a number. */
export function readNumber(text: string | undefined, { min, max, whole }: NumberRange): number | undefined {
  const form = whole ? /^-?\d+$/ : /^-?\d+(\.\d+)?$/
  const number = text !== undefined && form.test(text) ? Number(text) : Number.NaN
  return number >= min && number <= max ? number : undefined
}

function rangeText({ min, max, whole }: NumberRange): string {
  return `a ${whole ? 'whole number' : 'number'} from ${numberText(min)} to ${numberText(max)}`
}

/** One of the words of a flag. @throws InterlockError `invalid_input` naming the flag and the words */
export function oneOf<Word extends string>(
  flag: string,
  text: string | undefined,
  words: readonly Word[],
): Word | undefined {
  if (text === undefined) return undefined
  const word = words.find((each) => each === text)
  if (word !== undefined) return word
  throw invalidInput(`${flag} ${text}: must be ${words.join(' or ')}`)
}

/**
 * What is wrong with the name of a model as people type it; undefined: nothing. A comma is taken for a list, and `none` for the word that
 * takes back. A model that is really called so is named by a list in a file, by TypeScript or by SQL.
 * @param each what to type for several @param none what to type for none
 */
export function modelNameFault(
  name: string,
  each: (names: readonly string[]) => string,
  none: string,
): string | undefined {
  if (name.trim().toLowerCase() === 'none') return `no model is called so here; ${none}`
  const names = name
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  return name.includes(',') ? `is one name with a comma; ${each(names)}` : undefined
}

/** What flags such as `flux-dev=2` set for single models. */
export interface ByModel<T> {
  readonly flag: string
  /** How to write it, for the error message. */
  readonly form: string
  /** Undefined: the text is not such a value. */
  readonly read: (text: string) => T | undefined
  /** What a model gets that is named without a value; absent: it needs one. */
  readonly bare?: T | undefined
}

/**
 * The map with the flags applied: a model gets a value, or loses its own with `=none`.
 * @throws InterlockError `invalid_input` naming the flag
 */
export function withModels<T>(
  { flag, form, read, bare }: ByModel<T>,
  given: readonly string[] | undefined,
  base: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> | undefined {
  if (given === undefined) return undefined
  const values = new Map(Object.entries(base))
  for (const text of given) {
    // Names may contain an equals sign, values cannot: the last one divides.
    const at = text.lastIndexOf('=')
    const [model, own] = at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
    if (own === 'none' && model !== '') values.delete(model)
    else {
      const value = own === undefined ? bare : model === '' ? undefined : read(own)
      if (value === undefined) throw invalidInput(`${flag} ${text}: must be ${form}`)
      values.set(checkedModel(flag, text, model), value)
    }
  }
  return Object.fromEntries(values)
}

/** @throws InterlockError `invalid_input` naming the flag */
function checkedModel(flag: string, text: string, model: string): string {
  const value = text.slice(model.length)
  const each = (names: readonly string[]) =>
    `give each model its own flag: ${names.map((name) => `${flag} ${forShell(name)}${value}`).join(' ')}`
  const fault = modelNameFault(
    model,
    each,
    `to take them back: ${flag} ${value === '' ? 'none' : '<model>=none'}`,
  )
  if (fault !== undefined) throw invalidInput(`${flag} ${text}: ${fault}`)
  return model
}

/** `vram:24+slots:4`. Undefined: it is not such a value. */
export function unitsFrom(text: string | undefined): Units | undefined {
  const parts = (text ?? '').split('+').map((part) => /^([A-Za-z][\w-]*):(\d+)$/.exec(part))
  const units = parts.flatMap((part) => (part === null ? [] : [[part[1] ?? '', Number(part[2])] as const]))
  const names = new Set(units.map(([name]) => name))
  return names.size === parts.length ? Object.fromEntries(units) : undefined
}
