import type { Signal } from '@preact/signals'
import { type Length, lengths } from '../data/period.ts'

/** Lets the user choose one of a few values. */
export const Choices = <T extends string>({
  label,
  all,
  chosen,
  onChoose,
}: {
  readonly label: string
  readonly all: readonly T[]
  /** Null: none of them. */
  readonly chosen: T | null
  readonly onChoose: (one: T) => void
}) => (
  <fieldset class="choices">
    <legend class="hidden">{label}</legend>
    {all.map((each) => (
      <button key={each} type="button" aria-pressed={chosen === each} onClick={() => onChoose(each)}>
        {each}
      </button>
    ))}
  </fieldset>
)

/** Lets the user choose a period. */
export const Lengths = ({ value }: { readonly value: Signal<Length> }) => (
  <Choices
    label="Time"
    all={Object.keys(lengths) as Length[]}
    chosen={value.value}
    onChoose={(length) => (value.value = length)}
  />
)
