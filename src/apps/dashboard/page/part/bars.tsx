import { Link } from '../frame/link.tsx'
import type { Route } from '../frame/route.ts'

export interface BarRow {
  readonly name: string
  /** Where more is told of it. */
  readonly to?: Partial<Route>
  readonly part: number
  readonly text: string
  /** The share in per cent unless given. */
  readonly note?: string
}

/** A name, a bar for its share, and its value in words. */
export const Bars = ({ label, rows }: { readonly label: string; readonly rows: readonly BarRow[] }) => (
  <table class="bars">
    <caption class="hidden">{label}</caption>
    <tbody>
      {rows.map(({ name, to, part, text, note }) => (
        <tr key={name} data-bar={name}>
          <th scope="row" title={name}>
            {to === undefined ? name : <Link to={to}>{name}</Link>}
          </th>
          <td class="bar">{part > 0 ? <i style={{ width: `${Math.min(100, part * 100)}%` }} /> : null}</td>
          <td class="value">{text}</td>
          <td class="note">{note ?? `${(part * 100).toFixed(1)} %`}</td>
        </tr>
      ))}
    </tbody>
  </table>
)
