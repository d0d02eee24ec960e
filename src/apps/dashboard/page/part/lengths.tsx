import type { Signal } from '@preact/signals'
import { type Length, lengths } from '../data/period.ts'
import { Choices } from './choices.tsx'

/** Lets the user choose a period. */
export const Lengths = ({ value }: { readonly value: Signal<Length> }) => (
  <Choices
    label="Time"
    all={Object.keys(lengths) as Length[]}
    chosen={value.value}
    onChoose={(length) => (value.value = length)}
  />
)
