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
