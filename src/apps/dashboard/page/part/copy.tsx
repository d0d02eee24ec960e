import { useSignal } from '@preact/signals'

/** Copies a text that says elsewhere what the screen shows. */
export function Copy({ name, text }: { readonly name: string; readonly text: string }) {
  const isDone = useSignal(false)
  return (
    <button
      type="button"
      title={text}
      data-copies={text}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          isDone.value = true
          setTimeout(() => (isDone.value = false), 1_500)
        })
      }}
    >
      {isDone.value ? 'Copied' : `Copy as ${name}`}
    </button>
  )
}
