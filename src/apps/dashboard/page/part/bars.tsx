/** A name, a bar for its share, and its value in words. */
export function Bars({
  label,
  rows,
}: {
  readonly label: string
  readonly rows: readonly {
    readonly name: string
    readonly part: number
    readonly text: string
    readonly note?: string
  }[]
}) {
  return (
    <table class="bars">
      <caption class="hidden">{label}</caption>
      <tbody>
        {rows.map(({ name, part, text, note }) => (
          <tr key={name} data-bar={name}>
            <th scope="row">{name}</th>
            <td class="bar">{part > 0 ? <i style={{ width: `${Math.min(100, part * 100)}%` }} /> : null}</td>
            <td class="value">{text}</td>
            <td class="note">{note ?? `${(part * 100).toFixed(1)} %`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
