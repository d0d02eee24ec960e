import { useSignal } from '@preact/signals'
import type { LeverRequest } from '../../data/levers.ts'
import { LeverForm } from '../../part/lever-form.tsx'

interface TextField {
  readonly name: string
  readonly says: string
  /** What may be typed. */
  readonly title: string
}

/** A lever of which one text is typed, beside what is in force. */
export function TextForm({
  name,
  lever,
  says,
  inForce,
  request,
  ...field
}: TextField & {
  readonly lever: LeverRequest['lever']
  readonly inForce: string
  readonly request: (text: string) => Omit<LeverRequest, 'lever'>
  readonly required?: boolean
}) {
  const typed = useSignal<string | null>(null)
  const text = typed.value ?? inForce
  return (
    <LeverForm
      name={name}
      lever={lever}
      isSame={text === inForce}
      request={() => ({ ...request(text), onDone: () => (typed.value = null) })}
    >
      <label>
        <span class="dim">{says} </span>
        <input
          type="text"
          class="code"
          {...field}
          value={text}
          onInput={(event) => (typed.value = event.currentTarget.value)}
        />
      </label>
    </LeverForm>
  )
}

/** A part of the policy that gives names numbers; nothing typed: null. */
export function Amounts({
  inForce = {},
  change,
  ...field
}: TextField & {
  readonly inForce: Readonly<Record<string, number>> | undefined
  readonly change: (amounts: Readonly<Record<string, number>> | null) => object
}) {
  return (
    <TextForm
      {...field}
      lever="policy"
      inForce={Object.entries(inForce)
        .map((entry) => entry.join('='))
        .join(',')}
      request={(text) => ({
        title: `Change the ${field.name.toLowerCase()}`,
        body: { policy: change(amountsIn(text)) },
      })}
    />
  )
}

function amountsIn(text: string): Readonly<Record<string, number>> | null {
  const entries = namesIn(text).map((part) => {
    const at = part.lastIndexOf('=')
    return [part.slice(0, at), Number(part.slice(at + 1))] as const
  })
  return entries.length === 0 ? null : Object.fromEntries(entries)
}

export const namesIn = (text: string): readonly string[] =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
