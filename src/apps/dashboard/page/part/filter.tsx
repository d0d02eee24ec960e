import { go, route } from '../frame/route.ts'

/** What is looked for on a screen; it stands in the address. */
export function Filter({
  label,
  placeholder,
  after = '',
}: {
  readonly label: string
  readonly placeholder: string
  /** What stands before it in the address, and is shown elsewhere. */
  readonly after?: string
}) {
  const q = route.value.q ?? ''
  return (
    <label class="grow">
      <span class="hidden">{label}</span>
      <input
        type="search"
        placeholder={placeholder}
        value={q.slice(after.length)}
        onInput={(event) => go({ q: after + event.currentTarget.value }, { isStep: true })}
      />
    </label>
  )
}
