/** Sets an entry of a map; beyond so many the one that was set longest ago goes. */
export function keep<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= most) return
  for (const oldest of map.keys()) return void map.delete(oldest)
}
