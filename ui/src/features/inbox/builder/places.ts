/** Places sent lately on this device, newest first. */
import type { BuilderState } from './model'

export type RecentPlace = BuilderState['place']
const KEY = 'frontdesk.places'
const MOST = 8
const same = (a: RecentPlace, b: RecentPlace): boolean => a.latitude === b.latitude && a.longitude === b.longitude

export function recentPlaces(): RecentPlace[] {
  try {
    const saved: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(saved) ? (saved as RecentPlace[]).filter((each) => typeof each?.latitude === 'string' && typeof each.longitude === 'string').slice(0, MOST) : []
  } catch {
    return []
  }
}
export function rememberPlace(place: RecentPlace): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([{ ...place }, ...recentPlaces().filter((each) => !same(each, place))].slice(0, MOST)))
  } catch {
    // Offered again only while storage allows it.
  }
}

/** Where this device is, if the person allows it. */
export function whereAmI(): Promise<{ latitude: string; longitude: string }> {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) return reject(new Error('unavailable'))
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude.toFixed(6), longitude: coords.longitude.toFixed(6) }),
      (error) => reject(new Error(error.message)),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
    )
  })
}
/** Coordinates out of what people paste: "-1.28, 36.81", a geo: address or a link of a map. */
export function coordinatesIn(text: string): { latitude: string; longitude: string } | null {
  const found = /@(-?\d{1,2}(?:\.\d+)?),(-?\d{1,3}(?:\.\d+)?)/.exec(text) ?? /(?:^|[\s:=/])(-?\d{1,2}\.\d+)\s*[,;/]\s*(-?\d{1,3}\.\d+)/.exec(text)
  if (!found) return null
  const [, latitude, longitude] = found
  return Math.abs(Number(latitude)) <= 90 && Math.abs(Number(longitude)) <= 180 ? { latitude: latitude!, longitude: longitude! } : null
}
