import type { ComponentChildren } from 'preact'
import { ask, type LeverRequest } from '../data/levers.ts'
import { usePage } from '../frame/context.ts'

/** Fields of a lever, and a button that asks for it; nothing in the past, or for a user who may not pull it. */
export function LeverForm({
  name,
  lever,
  request,
  verb = 'Set…',
  isSame = false,
  also,
  children,
}: {
  /** What the form is for, to those who do not see it. */
  readonly name: string
  readonly lever: LeverRequest['lever']
  readonly request: () => Omit<LeverRequest, 'lever'>
  /** On its button. */
  readonly verb?: string
  /** The fields say what is in force already. */
  readonly isSame?: boolean
  /** Beside its button. */
  readonly also?: ComponentChildren
  readonly children: ComponentChildren
}) {
  const { me, live, shown } = usePage()
  if (!shown.isLive.value || !me.levers.includes(lever)) return null
  return (
    <form
      class="row"
      aria-label={name}
      data-lever={lever}
      onSubmit={(event) => {
        event.preventDefault()
        void ask(live.queue, { lever, ...request() })
      }}
    >
      {children}
      <button type="submit" disabled={isSame}>
        {verb}
      </button>
      {also}
    </form>
  )
}

/** A number that can be typed, with what it means before and after it. */
export function NumberField({
  before,
  after,
  label,
  value,
  onInput,
  ...rest
}: {
  readonly before?: string
  readonly after?: string
  /** Unless what stands around it says it. */
  readonly label?: string
  readonly name?: string
  readonly value: string
  readonly onInput: (text: string) => void
  readonly min?: number
  readonly max?: number
  readonly step?: number | 'any'
  readonly placeholder?: string
  readonly required?: boolean
}) {
  return (
    <label>
      {label === undefined ? null : <span class="hidden">{label}</span>}
      {before === undefined ? null : <span class="dim">{before} </span>}
      <input
        type="number"
        class="short"
        value={value}
        {...rest}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {after === undefined ? null : <span class="dim"> {after}</span>}
    </label>
  )
}
