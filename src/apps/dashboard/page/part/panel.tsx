import type { ComponentChildren } from 'preact'

/** A part of a screen with a name. */
export function Panel({
  id,
  title,
  aside,
  wide = false,
  children,
}: {
  readonly id: string
  readonly title: string
  /** Beside the title. */
  readonly aside?: ComponentChildren
  readonly wide?: boolean
  readonly children: ComponentChildren
}) {
  return (
    <section class={wide ? 'panel wide' : 'panel'} aria-labelledby={id}>
      <div class="head">
        <h2 id={id}>{title}</h2>
        {aside === undefined ? null : <div class="aside">{aside}</div>}
      </div>
      {children}
    </section>
  )
}

/** A number with a name. */
export const Figure = ({
  name,
  value,
  note,
}: {
  readonly name: string
  readonly value: string
  readonly note?: string
}) => (
  <div class="figure">
    <span class="name">{name}</span>
    <span class="value" data-figure={name}>
      {value}
    </span>
    {note === undefined ? null : <span class="note">{note}</span>}
  </div>
)
