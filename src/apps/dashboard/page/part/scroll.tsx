import type { ComponentChildren } from 'preact'

/** What may be larger than its place: it scrolls, by the keyboard too. */
export const Scroll = ({
  label,
  children,
}: {
  readonly label: string
  readonly children: ComponentChildren
}) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by the keyboard
  <section class="scroll" aria-label={label} tabIndex={0}>
    {children}
  </section>
)
