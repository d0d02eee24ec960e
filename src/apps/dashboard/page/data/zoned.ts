/** A time as it was typed, with the zone of this browser if it names none: the server may be in another one. */
export function zoned(text: string): string {
  const [, day, clock = ''] = /^(\d{4}-\d\d-\d\d)?[ T]?([\d:.]*)$/.exec(text) ?? []
  if (day === undefined && !clock.includes(':')) return text
  const at = day === undefined ? clock : `${day}T${clock || '00:00'}`
  const minutes = -(day === undefined ? new Date() : new Date(at)).getTimezoneOffset()
  const part = (of: number) => String(Math.trunc(Math.abs(of))).padStart(2, '0')
  const zone = `${minutes < 0 ? '-' : '+'}${part(minutes / 60)}:${part(minutes % 60)}`
  return at + zone
}
