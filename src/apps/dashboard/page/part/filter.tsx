import { go, route } from '../frame/route.ts'

/** What is looked for on a screen; it stands in the address. */
export const Filter = ({ label, placeholder }: { readonly label: string; readonly placeholder: string }) => (
  <label class="grow">
    <span class="hidden">{label}</span>
    <input
      type="search"
      placeholder={placeholder}
      value={route.value.q ?? ''}
      onInput={(event) => go({ q: event.currentTarget.value }, { isStep: true })}
    />
  </label>
)
